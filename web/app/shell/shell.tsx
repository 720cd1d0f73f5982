'use client';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { useEffect, useLayoutEffect, type ReactNode } from 'react';
import { onSignedOut } from '@/api/client';
import { lazyDialog } from '@/app/parts/lazy';
import { Tooltips } from '@/components/tooltip';
import { ahead, beginAhead } from '@/lib/ahead';
import { setFormat } from '@/lib/format';
import { ask, useAsking } from '@/state/asking';
import { useConnection } from '@/state/connection';
import { startLive } from '@/state/live';
import { useSession } from '@/state/session';
import { applyTheme, openOverlay, readTheme, useUi } from '@/state/ui';
import { Announcer } from './announcer';
import { Banner } from './banner';
import { useShellCommands, useShellKeys } from './commands';
import { Nav } from './nav';
import { places } from './places';
import { TabBar } from './tab-bar';
import { Toasts } from './toasts';
import { TopBar } from './top-bar';

const Palette = lazyDialog(() => import('./palette'), () => openOverlay(null));
const Ask = lazyDialog(() => import('@/app/parts/jobs/ask'), () => ask(null));
const Keys = lazyDialog(() => import('./keys'), () => openOverlay(null));

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

/* Where one can go is fetched ahead: the way there stays open while the hub is gone. */
function usePagesAhead(): void {
  const router = useRouter();
  const known = !!useSession();
  useEffect(() => {
    if (!known) return;
    beginAhead();
    new Set(places.flatMap((p) => [p.href, ...(p.also ?? [])])).forEach((href) => ahead(async () => router.prefetch(href)));
  }, [router, known]);
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
  usePagesAhead();
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
