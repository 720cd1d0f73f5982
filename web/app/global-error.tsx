'use client';
import { RotateCw } from 'lucide-react';
import '@/styles/global.css';
import { Button } from '@/components/button';
import { Shape } from '@/components/shape';

/* When even the frame of the page fails. */
export default function GlobalError({ error }: { error: Error & { digest?: string } }) {
  return (
    <html lang="en" data-theme="dark">
      <body>
        <title>Hydra</title>
        <main className="grid min-h-dvh place-items-center p-4">
          <div className="max-w-[420px]">
            <Shape shape="bad" size="lg" />
            <h1 className="mt-2 text-15 font-medium">The page stopped working</h1>
            <p className="mt-1 mb-3.5 text-fg-2">
              Hydra itself is not affected: only this page in this browser. {error.message}
            </p>
            <Button look="primary" icon={RotateCw} onClick={() => location.reload()}>
              Load it again
            </Button>
          </div>
        </main>
      </body>
    </html>
  );
}
