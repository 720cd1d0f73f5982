// What is loaded ahead: one after another, while the page has nothing else to do, and never before it stands.
type Load = () => Promise<unknown>;

const waiting: Load[] = [];
let begun = false;
let busy = false;

const idle = (run: () => void): unknown => (typeof requestIdleCallback === 'function' ? requestIdleCallback(run, { timeout: 5000 }) : setTimeout(run, 500));

function next(): void {
  if (!begun || busy) return;
  const load = waiting.shift();
  if (!load) return;
  busy = true;
  idle(() => {
    void load()
      .catch(() => {}) // whoever wants it hears of it
      .finally(() => {
        busy = false;
        next();
      });
  });
}

export function ahead(load: Load): void {
  waiting.push(load);
  next();
}

/* Once the page stands. */
export function beginAhead(): void {
  begun = true;
  next();
}
