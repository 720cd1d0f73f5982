// Signals that are sent by hand, and what they do. Pure.
export interface Signal {
  name: string;
  label: string;
  effect: (name: string) => string;
}

export const signals: Signal[] = [
  { name: 'TERM', label: 'End', effect: (n) => `${n} is asked to end, and may save what it holds first. Whether it did is looked at for 10 s.` },
  { name: 'KILL', label: 'End at once', effect: (n) => `${n} ends at once, without time to save anything. What manages it may start it anew.` },
  { name: 'HUP', label: 'Reload', effect: (n) => `Most services read their settings anew; programs without a handler for it end. ${n} decides.` },
  { name: 'INT', label: 'Interrupt', effect: (n) => `As Ctrl-C in a terminal: ${n} stops what it does, and mostly ends.` },
  { name: 'STOP', label: 'Hold', effect: (n) => `${n} stands still, with all it holds in memory, until it is let go on.` },
  { name: 'CONT', label: 'Go on', effect: (n) => `${n} goes on where it was held.` },
  { name: 'USR1', label: 'User signal 1', effect: (n) => `What it means is ${n}’s own: see its manual. A program without a handler for it ends.` },
  { name: 'USR2', label: 'User signal 2', effect: (n) => `What it means is ${n}’s own: see its manual. A program without a handler for it ends.` },
];
