'use client';
// Parts that come when they are wanted. They are loaded ahead while the page is idle, so that they open also when the hub is gone; what
// does not come takes nothing else with it, and comes when the connection is back.
import { X } from 'lucide-react';
import { useEffect, useState, type ComponentType } from 'react';
import { Button, IconButton } from '@/components/button';
import { ErrorState } from '@/components/states';
import { ahead } from '@/lib/ahead';
import { useConnection } from '@/state/connection';

type Load<P> = () => Promise<{ default: ComponentType<P> }>;
interface FailedProps {
  retry: () => void;
  close?: () => void;
}

const sentence = 'It could not be loaded: Hydra does not answer. It comes by itself once the connection is back.';

function part<P extends object>(load: Load<P>, Failed: ComponentType<FailedProps>, { Waiting, close }: { Waiting?: ComponentType; close?: () => void }): ComponentType<P> {
  let Loaded: ComponentType<P> | null = null;
  const fetchIt = () => load().then((m) => void (Loaded = m.default));
  ahead(fetchIt);
  return function Part(props: P) {
    const [here, setHere] = useState(Loaded !== null);
    const [failed, setFailed] = useState(false);
    const [tries, setTries] = useState(0);
    const stale = useConnection((s) => s.stale);
    useEffect(() => {
      if (Loaded) return setHere(true);
      let wanted = true;
      fetchIt().then(
        () => wanted && setHere(true),
        () => wanted && setFailed(true),
      );
      return () => void (wanted = false);
    }, [tries, stale]);
    if (here && Loaded) return <Loaded {...props} />;
    if (failed) return <Failed retry={() => setTries(tries + 1)} close={close ?? closeOf(props)} />;
    return Waiting ? <Waiting /> : null;
  };
}

const closeOf = (props: { onClose?: () => void }): (() => void) | undefined => props.onClose;

/* Has a place in the page. */
export const lazyPart = <P extends object>(load: Load<P>, waiting?: ComponentType): ComponentType<P> => part(load, FailedPart, { Waiting: waiting });

/* Lies above the page; `close` for those that have no onClose. */
export const lazyDialog = <P extends object>(load: Load<P>, close?: () => void): ComponentType<P> => part(load, FailedDialog, { close });

const FailedPart = ({ retry }: FailedProps) => <ErrorState title="This part is not here" detail={sentence} retry={retry} />;

function FailedDialog({ retry, close }: FailedProps) {
  return (
    <div role="alert" className="load-failed">
      <p>{sentence}</p>
      <Button size="sm" onClick={retry}>
        Try again
      </Button>
      {close && <IconButton small icon={X} label="Close" onClick={close} />}
    </div>
  );
}
