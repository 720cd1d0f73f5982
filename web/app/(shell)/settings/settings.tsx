'use client';
import { PageHead } from '@/components/card';
import { useMay, useSession } from '@/state/session';
import { Appearance } from './appearance';
import { OwnLinks } from './own-links';
import { Password } from './password';
import { Profile } from './profile';
import { System } from './system';

/* What one may set for oneself, and how Hydra itself is doing. */
export function Settings() {
  const session = useSession();
  const maySystem = useMay('settings:read');
  if (!session) return null;
  return (
    <>
      <PageHead title="Settings" note="What you see, who you are, and how Hydra is doing" />
      <div className="settings">
        <div className="stack">
          <Appearance session={session} />
          <Profile session={session} />
          <Password />
          <OwnLinks />
        </div>
        {maySystem && <System />}
      </div>
    </>
  );
}
