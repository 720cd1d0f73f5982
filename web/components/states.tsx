// Empty, loading, error, no permission: each says what is the case and what to do.
import { Lock, RotateCw, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from '@/lib/cx';
import { Button } from './button';
import { Icon } from './icon';
import { RequestId } from './request-id';
import { Shape } from './shape';

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode; // what belongs here, how to fill it
  actions?: ReactNode;
  level?: 'h1' | 'h2' | 'h3';
}

export function Empty({ icon, title, children, actions, level: Level = 'h3' }: EmptyProps) {
  return (
    <div className="flex flex-col items-center px-4 py-10 text-center">
      <Icon of={icon} size={22} className="mb-2.5 text-fg-3" />
      <Level className="text-15 font-medium">{title}</Level>
      {children && <p className="mt-[3px] mb-3.5 max-w-[320px] text-balance text-fg-2">{children}</p>}
      {actions && <div className="flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}

interface ErrorProps {
  title: string; // what failed
  detail: string; // what still works, what to do
  requestId?: string;
  retry?: () => void;
}

export function ErrorState({ title, detail, requestId, retry }: ErrorProps) {
  return (
    <div className="flex flex-col items-start p-4" role="alert">
      <Shape shape="bad" size="lg" className="mb-2" />
      <h3 className="text-15 font-medium">{title}</h3>
      <p className="mt-[3px] mb-3.5 max-w-[420px] text-fg-2">{detail}</p>
      {retry && (
        <Button icon={RotateCw} onClick={retry}>
          Try again
        </Button>
      )}
      {requestId && <RequestId id={requestId} className="mt-3" />}
    </div>
  );
}

interface DeniedProps {
  what: string; // "see the audit log"
  permission: string;
  who: string; // "mira, Viewer"
  roles?: string[]; // that hold it
  level?: 'h1' | 'h3';
}

/* A page reached by a link that this role may not open. */
export function NoPermission({ what, permission, who, roles, level = 'h1' }: DeniedProps) {
  return (
    <Empty icon={Lock} title={`You can't ${what}`} level={level}>
      You are signed in as {who}. It needs the permission <code>{permission}</code>
      {roles?.length ? `, which comes with the role ${roles.join(' or ')}. An administrator can give it to you.` : '; an administrator can give you a role that has it.'}
    </Empty>
  );
}

/* Held, but not there. */
export function OutsideLimits({ what, limits, level = 'h1' }: { what: string; limits: string; level?: 'h1' | 'h3' }) {
  return (
    <Empty icon={Lock} title={`You can't ${what} here`} level={level}>
      You may do so where your limits fit: <code>{limits}</code>. An administrator can widen them.
    </Empty>
  );
}

/* One line of what will stand here. */
export function Bone({ className }: { className?: string }) {
  return <span className={cx('skeleton block h-2.5', className)} />;
}

/* Rows in the shape of a list. */
export function SkeletonRows({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" aria-busy="true" aria-label="Loading" className="px-4 py-2">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex h-8 items-center gap-3.5">
          <Bone className="w-12" />
          <Bone className={cx('h-4', i % 3 === 0 ? 'w-3/5' : i % 3 === 1 ? 'w-1/2' : 'w-2/5')} />
          <Bone className="ml-auto w-16" />
        </div>
      ))}
    </div>
  );
}
