// The form behind a hand-added service and behind the overrides of a discovered one: what it holds, what it sends, and
// what it guesses from an address.
export type CheckKind = 'none' | 'http' | 'tcp' | 'dns' | 'icmp' | 'docker' | 'systemd' | 'process';

export interface ServiceForm {
  name: string;
  url: string;
  icon: string;
  group: string;
  description: string;
  dependsOn: string[];
  kind: CheckKind | 'auto'; // auto: a discovered service keeps the check that Hydra chose
  target: string;
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  status: string;
  body: string;
}

export interface CheckRecord {
  kind: CheckKind;
  target?: string | null;
  interval_ms?: number;
  timeout_ms?: number;
  retries?: number;
  expect_status?: string | null;
  expect_body?: string | null;
}

export interface RecordLike {
  hidden: boolean;
  name: string | null;
  url: string | null;
  icon: string | null;
  group: string | null;
  description: string | null;
  check: CheckRecord | null;
  depends_on: string[];
}

const defaults = { intervalMs: 30_000, timeoutMs: 5000, retries: 2 };

export function emptyForm(discovered: boolean): ServiceForm {
  const kind = discovered ? 'auto' : 'none';
  return { name: '', url: '', icon: '', group: '', description: '', dependsOn: [], kind, target: '', status: '', body: '', ...defaults };
}

export function formOf(r: RecordLike | null, discovered: boolean): ServiceForm {
  const empty = emptyForm(discovered);
  if (!r) return empty;
  const { check: c } = r;
  const texts = { name: r.name ?? '', url: r.url ?? '', icon: r.icon ?? '', group: r.group ?? '', description: r.description ?? '' };
  if (!c) return { ...empty, ...texts, dependsOn: r.depends_on };
  return {
    ...texts,
    dependsOn: r.depends_on,
    kind: c.kind,
    target: c.target ?? '',
    intervalMs: c.interval_ms || defaults.intervalMs,
    timeoutMs: c.timeout_ms || defaults.timeoutMs,
    retries: c.retries ?? defaults.retries,
    status: c.expect_status ?? '',
    body: c.expect_body ?? '',
  };
}

const orNull = (text: string): string | null => text.trim() || null;

function checkOf(f: ServiceForm): CheckRecord | null {
  if (f.kind === 'auto') return null;
  if (f.kind === 'none') return { kind: 'none' };
  return {
    kind: f.kind,
    target: orNull(f.target),
    interval_ms: f.intervalMs,
    timeout_ms: Math.min(f.timeoutMs, 60_000),
    retries: f.retries,
    expect_status: f.kind === 'http' ? orNull(f.status) : null,
    expect_body: hasBody(f.kind) ? orNull(f.body) : null,
  };
}

export const hasBody = (kind: ServiceForm['kind']): boolean => kind === 'http' || kind === 'tcp' || kind === 'dns';

export function inputOf(f: ServiceForm, hidden: boolean): RecordLike {
  return {
    name: orNull(f.name),
    url: orNull(f.url),
    icon: orNull(f.icon)?.toLowerCase() ?? null,
    group: orNull(f.group),
    description: orNull(f.description),
    check: checkOf(f),
    depends_on: f.dependsOn,
    hidden,
  };
}

/* A record as it is sent back: to hide it, to show it again, to undo a removal. */
export function inputOfRecord(r: RecordLike | null, hidden: boolean): RecordLike {
  if (!r) return inputOf(emptyForm(true), hidden);
  const { name, url, icon, group, description, check, depends_on } = r;
  return { name, url, icon, group, description, check, depends_on, hidden };
}

const plainPorts = new Set([21, 22, 25, 53, 110, 139, 143, 445, 465, 587, 993, 995, 1883, 2049, 3306, 3389, 5432, 5672, 6379, 11211, 27017]);

/* What a typed address most likely means: "router.lan" is a page, "nas:22" is a port. */
export function guess(typed: string): Partial<ServiceForm> {
  const text = typed.trim();
  if (!text) return {};
  if (/^https?:\/\//i.test(text)) return { url: text, kind: 'http' };
  const other = text.match(/^[a-z][a-z0-9+.-]*:\/\/([^/?#@]+@)?([^/?#]+)/i);
  const place = other?.[2] ?? text.split('/')[0] ?? text;
  const port = Number(place.match(/:(\d+)$/)?.[1] ?? 0);
  if (other || plainPorts.has(port)) return port ? { url: '', kind: 'tcp', target: place } : { url: '', kind: 'icmp', target: place };
  const secure = port === 443 || port === 8443;
  return { url: `${secure ? 'https' : 'http'}://${text}`, kind: 'http' };
}

/* A name for an address: "grafana" for https://grafana.home.arpa/login. */
export function nameFrom(url: string): string {
  const host = url.match(/^https?:\/\/([^/:?#]+)/i)?.[1] ?? '';
  return /^[\d.]+$/.test(host) ? '' : (host.split('.')[0] ?? '');
}

/* The target that a kind starts with. */
export function targetFor(kind: ServiceForm['kind'], url: string): string {
  const m = url.match(/^(https?):\/\/([^/:?#]+)(?::(\d+))?/i);
  if (!m) return '';
  const [, scheme, host = '', port] = m;
  if (kind === 'tcp') return `${host}:${port ?? (scheme === 'https' ? 443 : 80)}`;
  return kind === 'icmp' || kind === 'dns' ? host : '';
}

export type FormField = keyof ServiceForm;

const fields: Record<string, FormField> = {
  name: 'name',
  url: 'url',
  icon: 'icon',
  group: 'group',
  description: 'description',
  depends_on: 'dependsOn',
  kind: 'kind',
  target: 'target',
  interval_ms: 'intervalMs',
  interval: 'intervalMs',
  timeout_ms: 'timeoutMs',
  timeout: 'timeoutMs',
  retries: 'retries',
  expect_status: 'status',
  expect_body: 'body',
};

/* "check.target", "/check/target", "check_target" and "target" are the same field. */
export function fieldOf(name: string | undefined): FormField | null {
  if (!name) return null;
  const plain = name.replace(/^\//, '').replace(/^check[._/ ]/, '');
  return fields[plain.replace(/[/[].*$/, '')] ?? null;
}
