'use client';
import { ErrorState } from '@/components/states';

/* One failed screen never takes the frame with it. */
export default function ScreenError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return <ErrorState title="This screen stopped working" detail={`The rest of Hydra still works. ${error.message}`} retry={reset} />;
}
