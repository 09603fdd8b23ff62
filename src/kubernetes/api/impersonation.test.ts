import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { impersonationHeaders, impersonationOf } from './impersonation.ts';
import type { KubernetesApi } from './kubernetes-api.ts';
import type { KubernetesLogin } from './login.ts';
import { openKubernetesApi } from './open.ts';

/** The lines of a request that say whom it is made as, in the order in which they came. */
type Lines = readonly string[];

function linesOf(rawHeaders: readonly string[]): Lines {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
  return pairs.filter((line) => /^Impersonate-/i.test(line)).toSorted();
}

/** Whom a request, a program in a pod and a port of it are asked for as. The server refuses all three. */
async function askedAs(user: object, login: Omit<KubernetesLogin, 'files'> = {}) {
  const asked = new Map<string, Lines>();
  const server = createServer((request, response) => {
    asked.set('request', linesOf(request.rawHeaders));
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code: 404, reason: 'NotFound', message: 'no' }));
  });
  server.on('upgrade', (request, socket) => {
    asked.set(request.url?.includes('/exec') === true ? 'exec' : 'port', linesOf(request.rawHeaders));
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a server without a port');
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  const files = join(directory, 'config');
  const kubeconfig = {
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${address.port}` } }],
    users: [{ name: 'ann', user: { token: 'secret', ...user } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'ann', namespace: 'shop' } }],
  };
  await writeFile(files, JSON.stringify(kubeconfig));
  const api: KubernetesApi = await openKubernetesApi({ files, ...login }, { attemptIdleMs: 2000, callMs: 5000 });
  const { where } = api;
  try {
    await api.get({ apiVersion: 'v1', kind: 'Pod', name: 'db-0' }).catch(() => {});
    await expect(api.exec('db-0', 'patroni', ['true'])).rejects.toMatchObject({ kind: 'denied' });
    await expect(api.forwardPort('db-0', 5432)).rejects.toMatchObject({ kind: 'denied' });
  } finally {
    await api[Symbol.asyncDispose]();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(directory, { recursive: true });
  }
  return { user: where.user, request: asked.get('request'), exec: asked.get('exec'), port: asked.get('port') };
}

function everywhere(user: string, ...lines: Lines) {
  return { user, request: lines, exec: lines, port: lines };
}

describe('acting as somebody else', () => {
  it('is told with the groups of the command line, to requests and to sockets alike', async () => {
    expect(await askedAs({}, { actAs: 'ben', actAsGroups: ['dba', 'ops'] })).toEqual(
      everywhere('ben', 'Impersonate-Group: dba', 'Impersonate-Group: ops', 'Impersonate-User: ben'),
    );
  });

  it('is told with all that the kubeconfig says', async () => {
    const user = {
      as: 'ben',
      'as-uid': '42',
      'as-groups': ['dba'],
      'as-user-extra': { 'a.test/why': ['on call', 'night'] },
    };
    expect(await askedAs(user)).toEqual(
      everywhere(
        'ben',
        'Impersonate-Extra-a.test%2Fwhy: night',
        'Impersonate-Extra-a.test%2Fwhy: on call',
        'Impersonate-Group: dba',
        'Impersonate-Uid: 42',
        'Impersonate-User: ben',
      ),
    );
  });

  it('with --as has nothing of another user of the kubeconfig', async () => {
    const user = { as: 'ben', 'as-uid': '42', 'as-groups': ['dba'] };
    expect(await askedAs(user, { actAs: 'cleo' })).toEqual(everywhere('cleo', 'Impersonate-User: cleo'));
  });

  it('is nothing where nobody is named', async () => {
    expect(await askedAs({})).toEqual(everywhere('ann'));
    expect(impersonationOf({ 'as-groups': ['dba'] })).toBeUndefined();
    expect(impersonationHeaders({})).toEqual({});
  });
});
