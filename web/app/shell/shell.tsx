'use client';
import { useQueryClient } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import { useEffect, useLayoutEffect, type ReactNode } from 'react';
import { onSignedOut } from '@/api/client';
import { Tooltips } from '@/components/tooltip';
import { setFormat } from '@/lib/format';
import { useAsking } from '@/state/asking';
import { useConnection } from '@/state/connection';
import { startLive } from '@/state/live';
import { useSession } from '@/state/session';
import { applyTheme, readTheme, useUi } from '@/state/ui';
import { Announcer } from './announcer';
import { Banner } from './banner';
import { useShellCommands, useShellKeys } from './commands';
import { Nav } from './nav';
import { TabBar } from './tab-bar';
import { Toasts } from './toasts';
import { TopBar } from './top-bar';

const Palette = dynamic(() => import('./palette'), { ssr: false });
const Ask = dynamic(() => import('@/app/parts/jobs/ask'), { ssr: false });
const Keys = dynamic(() => import('./keys'), { ssr: false });

let leaving = false;

function toSignIn(): void {
  if (leaving) return;
  leaving = true;
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function useStream(): void {
  const client = useQueryClient();
  // Before the first paint: what came with the page is drawn at once, without a skeleton between.
  useLayoutEffect(() => {
    onSignedOut(toSignIn);
    const live = startLive(client, (why) => (why === 'signed-out' ? toSignIn() : useConnection.setState({ stale: true })));
    void live.begin();
  }, [client]);
}

/* What the server remembers of a person's wishes wins over this browser's memory. */
function usePreferences(): void {
  const preferences = useSession()?.preferences;
  useEffect(() => {
    useUi.setState({ theme: readTheme() });
    if (!preferences) return;
    setFormat(preferences.time_zone, preferences.temperature === 'fahrenheit');
    if (preferences.theme !== readTheme()) applyTheme(preferences.theme);
  }, [preferences]);
}

function Overlays() {
  const overlay = useUi((s) => s.overlay);
  const asking = useAsking((s) => s.asking);
  return (
    <>
      {overlay === 'palette' && <Palette />}
      {overlay === 'keys' && <Keys />}
      {asking && <Ask asking={asking} />}
    </>
  );
}

export function Shell({ children }: { children: ReactNode }) {
  useStream();
  usePreferences();
  useShellCommands();
  useShellKeys();
  const stale = useConnection((s) => s.stale);
  return (
    <>
      <a href="#content" className="skip">
        Skip to content
      </a>
      <div className="shell" data-stale={stale}>
        <Nav />
        <div className="flex min-w-0 flex-col">
          <TopBar />
          <main id="content" tabIndex={-1} className="page">
            <Banner />
            {children}
          </main>
        </div>
        <TabBar />
      </div>
      <Overlays />
      <Toasts />
      <Tooltips />
      <Announcer />
    </>
  );
}
