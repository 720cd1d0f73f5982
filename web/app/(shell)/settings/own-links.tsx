'use client';
import { KeyRound, MonitorSmartphone } from 'lucide-react';
import { ButtonLink } from '@/components/button';
import { useMay } from '@/state/session';

export function OwnLinks() {
  const tokens = useMay('tokens:write');
  return (
    <div className="flex flex-wrap gap-2">
      <ButtonLink href="/sessions" icon={MonitorSmartphone}>
        Sessions
      </ButtonLink>
      {tokens && (
        <ButtonLink href="/tokens" icon={KeyRound}>
          API tokens
        </ButtonLink>
      )}
    </div>
  );
}
