// People, sessions, tokens of the stand-in. Answers or undefined.
const all = ['nodes:read', 'nodes:write', 'service:restart', 'service:update', 'node:reboot', 'process:signal', 'generation:switch', 'logs:read', 'node:reach', 'services:read', 'services:write', 'events:read', 'events:write', 'processes:read', 'users:read', 'users:write', 'tokens:write', 'tokens:admin', 'sessions:admin', 'audit:read', 'settings:read', 'settings:write', 'metrics:read', 'self:write'];
const roles = {
  admin: all,
  operator: all.filter((p) => !/^(users|audit|settings|tokens:admin|sessions|nodes:write|service:update|node:reboot|process:signal)/.test(p)),
  viewer: ['nodes:read', 'services:read', 'events:read', 'self:write', 'tokens:write'],
};
const preferences = { theme: 'dark', temperature: 'celsius', time_zone: null };

const session = (role) => ({
  user: { id: 'u1', name: 'shaun', display_name: 'shaun', role },
  permissions: roles[role],
  session_id: 's1',
  expires: null,
  preferences,
  insecure: false,
  demo: false,
  version: '0.1.0',
});

export function accessAnswer(p, method, body, state, role) {
  if (p === '/api/web/setup/check') return body?.secret === 'wrong' ? { problem: [403, 'setup-secret', 'This setup link is not valid. Restart hydrad to print a new one.'] } : { status: 204 };
  if (p === '/api/web/setup') {
    Object.assign(state, { setup: false, signedOut: false });
    return { status: 200, body: session('admin') };
  }
  if (p === '/api/web/login') {
    if (body?.password !== 'hydra') return { problem: [401, 'wrong-password', 'User name or password is not right.'] };
    state.signedOut = false;
    return { status: 200, body: session(role) };
  }
  if (p === '/api/web/logout') {
    state.signedOut = true;
    return { status: 204 };
  }
  if (state.signedOut) return p.startsWith('/api/web/') ? { problem: [401, 'signed-out', 'Sign in again.'] } : undefined;
  if (p === '/api/web/session') return { status: 200, body: session(role) };
  if (p === '/api/web/profile') {
    Object.assign(preferences, body?.preferences);
    return { status: 200, body: session(role) };
  }
  return undefined;
}
