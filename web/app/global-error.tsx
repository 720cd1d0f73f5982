'use client';
import { RotateCw } from 'lucide-react';
import { useLayoutEffect } from 'react';
import '@/styles/global.css';
import { Button } from '@/components/button';
import { Shape } from '@/components/shape';
import { cx } from '@/lib/cx';
import { keptTheme } from '@/state/ui';
import { geist, geistMono } from './fonts';

/* When even the frame of the page fails. */
export default function GlobalError({ error }: { error: Error & { digest?: string } }) {
  useLayoutEffect(() => void (document.documentElement.dataset.theme = keptTheme()), []);
  return (
    <html lang="en" data-theme="dark" className={cx(geist.variable, geistMono.variable)} suppressHydrationWarning>
      <body>
        <title>Hydra</title>
        <main className="grid min-h-dvh place-items-center p-4">
          <div className="max-w-[420px]">
            <Shape shape="bad" size="lg" />
            <h1 className="mt-2 text-15 font-medium">The page stopped working</h1>
            <p className="mt-1 mb-3.5 text-fg-2 [overflow-wrap:anywhere]">Loading it again helps as long as Hydra answers. {error.message}</p>
            <Button look="primary" icon={RotateCw} onClick={() => location.reload()}>
              Load it again
            </Button>
          </div>
        </main>
      </body>
    </html>
  );
}
