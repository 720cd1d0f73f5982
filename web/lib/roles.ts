export type Role = 'admin' | 'operator' | 'viewer';

export const roleWord: Record<Role, string> = { admin: 'Admin', operator: 'Operator', viewer: 'Viewer' };

/* What a role is for, in words; what it holds in detail comes from the server. */
export const roleText: Record<Role, string> = {
  admin: 'May do everything: services, users, tokens, settings, the audit log.',
  operator: 'Runs the cluster day by day: starts, stops and restarts services, adds, edits and checks them, reads logs, sees processes. No users, no settings, no audit log.',
  viewer: 'Sees nodes, services and events. Changes nothing but the own profile and tokens.',
};

export const roles: Role[] = ['viewer', 'operator', 'admin'];
