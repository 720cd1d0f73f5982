import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import '@/styles/global.css';
import { cx } from '@/lib/cx';
import { geist, geistMono } from './fonts';
import { Providers } from './providers';

export const metadata: Metadata = {
  title: { default: 'Hydra', template: '%s · Hydra' },
  description: 'The control plane of a home AI cluster',
  icons: { icon: '/logo.svg' },
  robots: { index: false },
  referrer: 'same-origin',
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: dark)', color: '#080e11' },
    { media: '(prefers-color-scheme: light)', color: '#f5f8fa' },
  ],
};

/* Before the first paint, so that no theme flashes. Hashed by the build. */
const themeScript = `try{var t=localStorage.getItem('theme');if(t==='light'||t==='system')document.documentElement.dataset.theme=t}catch(e){}`;

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" data-theme="dark" className={cx(geist.variable, geistMono.variable)} suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: themeScript }} />
      </head>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
