import { Compass } from 'lucide-react';
import type { Metadata } from 'next';
import { ButtonLink } from '@/components/button';
import { Logo } from '@/components/logo';
import { Empty } from '@/components/states';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <main className="grid min-h-dvh place-content-center justify-items-center">
      <Logo size={40} />
      <Empty
        icon={Compass}
        title="There is no such page"
        level="h1"
        actions={
          <ButtonLink href="/" look="primary">
            Go to the overview
          </ButtonLink>
        }
      >
        The address may be mistyped, or what it showed has been removed.
      </Empty>
    </main>
  );
}
