'use client';
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { permissionsQuery } from '@/api/keys';
import { Card, CardHead } from '@/components/card';
import { Icon } from '@/components/icon';
import { roles, roleWord } from '@/lib/roles';

/* What a role may, as the server says it. */
export function Roles() {
  const all = useQuery(permissionsQuery()).data;
  if (!all) return null;
  const holds = (role: string, permission: string) => all.roles.find((r) => r.name === role)?.permissions.includes(permission);
  return (
    <div className="mt-3.5">
      <Card label="Roles">
        <CardHead title="What each role may" />
        <div className="overflow-x-auto px-4 py-1 max-m:px-3">
          <table className="data max-m:text-12">
            <thead>
              <tr>
                <th scope="col">Permission</th>
                {roles.map((r) => (
                  <th key={r} scope="col" className="w-20 max-m:w-14">
                    {roleWord[r]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.permissions.map((p) => (
                <tr key={p.name}>
                  <th scope="row" className="font-regular text-fg" title={p.name}>
                    {p.description}
                  </th>
                  {roles.map((r) => (
                    <td key={r}>{holds(r, p.name) ? <Yes /> : <span className="sr-only">no</span>}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
    </div>
  );
}

const Yes = () => (
  <>
    <Icon of={Check} size={14} className="text-accent" />
    <span className="sr-only">yes</span>
  </>
);
