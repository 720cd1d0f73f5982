// What the stand-in does with hand-added services and overrides: kept in memory. Never shipped.
import { serviceDetail } from './fixtures-detail.mjs';

const slug = (name) => name.toLowerCase().trim().replaceAll(/[^a-z0-9]+/g, '-');
const invalid = (field, detail) => ({ problem: [422, 'invalid', detail, { field }] });

function refusal(body) {
  if (!body?.name?.trim()) return invalid('name', 'Give the service a name.');
  if (body.url && !/^https?:\/\//.test(body.url)) return invalid('url', 'Give an http:// or https:// address without a user name in it.');
  if (body.check?.kind === 'tcp' && !/:\d+$/.test(body.check.target ?? '')) return invalid('check.target', 'Give host and port, like 192.168.1.1:22.');
  return null;
}

function recordOf(id, body, old) {
  const now = new Date().toISOString();
  const empty = { name: null, url: null, icon: null, group: null, description: null, check: null, depends_on: [], hidden: false };
  return { ...empty, ...body, id, manual: id.startsWith('manual/'), created: old?.created ?? now, changed: now };
}

/* The row that a record makes, or changes. */
function applied(record, old) {
  const now = new Date().toISOString();
  const check = record.check && record.check.kind !== 'none' ? 'set' : 'none';
  const fresh = { id: record.id, node: null, kind: 'manual', engine: 'hydra', name: record.name, since: now, reason: null, latency_ms: null, ports: [], problems: 0, caused_by: null, restarts: 0, looping: false, cpu: null, memory: null, state: check === 'set' ? 'healthy' : 'unchecked', check };
  const s = old ?? fresh;
  return { ...s, display: record.name ?? s.name, group: record.group ?? s.group ?? 'Other', icon: record.icon, url: record.url ?? s.url ?? null, hidden: record.hidden, manual: record.manual, overridden: !record.manual, check: record.check ? check : s.check };
}

export function serviceAnswer(p, method, body, state, publish) {
  state.records ??= new Map();
  const { overview: o, records } = state;
  const at = (id) => o.services.findIndex((s) => s.id === id);
  const put = (record) => {
    const i = at(record.id);
    const row = applied(record, o.services[i]);
    if (i < 0) o.services.push(row);
    else o.services[i] = row;
    records.set(record.id, record);
    publish('service.changed', row, 'state');
    return record;
  };
  if (p === '/api/web/services' && method === 'POST') {
    const id = `manual/${slug(body?.name ?? '')}`;
    if (records.has(id)) return { problem: [409, 'exists', 'There is a service of that name already. Choose another name.', { field: 'name' }] };
    return refusal(body) ?? { status: 201, body: put(recordOf(id, body)) };
  }
  if (!p.startsWith('/api/web/services/')) return undefined;
  const id = decodeURIComponent(p.slice('/api/web/services/'.length));
  const s = o.services[at(id)];
  if (!s) return { problem: [404, 'not-found', 'There is no such service.'] };
  if (method === 'GET') return { status: 200, body: { ...serviceDetail(s, o, records), event_id: o.event_id } };
  if (method === 'PUT') return (s.manual ? refusal(body) : null) ?? { status: 200, body: put(recordOf(id, body, records.get(id))) };
  records.delete(id);
  if (s.manual) {
    o.services.splice(at(id), 1);
    publish('service.removed', { id }, 'state');
  }
  return { status: 204 };
}
