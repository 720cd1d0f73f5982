// One way to call the server: JSON in and out, problems thrown, a lost session told once.
import type { Problem } from './types';

export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfter: number | null,
  ) {
    super(problem.detail);
    this.name = 'ApiError';
  }
  get status(): number {
    return this.problem.status;
  }
}

let signedOut: () => void = () => {};
export function onSignedOut(handler: () => void): void {
  signedOut = handler;
}

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
  quiet401?: boolean; // sign-in itself answers 401 for a wrong password
}

export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const answer = await send(path, options);
  if (answer.status === 401 && !options.quiet401) signedOut();
  if (!answer.ok) throw await problemOf(answer);
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function send(path: string, { method = 'GET', body, signal }: Call): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new ApiError(unreachable, null);
  }
}

const unreachable: Problem = {
  type: 'https://hydra.local/problems/unreachable',
  title: 'Hydra does not answer',
  status: 0,
  detail: 'No connection to the server. It is tried again by itself; check that hydrad runs and that this device is on its network.',
  request_id: '',
};

async function problemOf(answer: Response): Promise<ApiError> {
  const retry = Number(answer.headers.get('Retry-After')) || null;
  if (answer.headers.get('Content-Type')?.includes('json')) {
    const problem: Problem | null = await answer.json().catch(() => null);
    if (problem?.detail) return new ApiError(problem, problem.retry_after ?? retry);
  }
  return new ApiError(
    {
      type: 'https://hydra.local/problems/unexpected',
      title: 'Unexpected answer',
      status: answer.status,
      detail: `The server answered ${answer.status} without saying why. Try again; hydrad's log has the request.`,
      request_id: answer.headers.get('X-Request-Id') ?? '',
    },
    retry,
  );
}

/* Ids stand in paths with their slashes. */
export const idPath = (id: string): string => id.split('/').map(encodeURIComponent).join('/');
