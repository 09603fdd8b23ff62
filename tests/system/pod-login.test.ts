import { writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { KubernetesApi } from '../../src/kubernetes/api/kubernetes-api.ts';
import { lookAtLeader } from '../../src/kubernetes/recover/look-at-live.ts';
import { connectToPod, type PodServer } from '../../src/kubernetes/recover/pod-server.ts';
import type { Subject } from '../../src/kubernetes/recover/subject.ts';
import type { SuperuserPassword } from '../../src/kubernetes/recover/superuser.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

const MISSING: SuperuserPassword = {
  password: undefined,
  why: 'POSTGRES_PASSWORD_FILE names file /vault/password: nothing is mounted there',
  remedy: 'Mount a Secret there.',
};

describe.each(['scram-sha-256', 'md5', 'password'])('a pod’s server that asks for a password by %s', (method) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres({
      major: 17,
      settings: { password_encryption: method === 'md5' ? "'md5'" : "'scram-sha-256'" },
    });
    await server.sql("alter role postgres password 'tea'; create role shop login password 'tea'");
    await writeFile(join(server.dataDirectory, 'pg_hba.conf'), `local all all ${method}\n`);
    await server.stop();
    await server.start();
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  /** The pod's server, through a port as the API server forwards one. */
  async function podServer(superuser: string, found: SuperuserPassword): Promise<PodServer> {
    const path = join(server.socketDirectory, '.s.PGSQL.5432');
    const port = createServer((from) => {
      const to = connectSocket(path);
      from.pipe(to).pipe(from);
      for (const end of [from, to]) end.on('error', () => {});
    });
    await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
    const address = port.address();
    if (address === null || typeof address === 'string') throw new TypeError('no port');
    const forwarded = { port: address.port, [Symbol.asyncDispose]: async () => void port.close() };
    const api = { forwardPort: async () => forwarded, where: { namespace: 'shop' } } as unknown as KubernetesApi;
    return { uses: { api, superuserPassword: async () => found }, superuser };
  }

  async function login(found: SuperuserPassword): Promise<string> {
    await using connection = await connectToPod(await podServer('postgres', found), 'db-0');
    return String((await connection.query('select current_user as name'))[0]?.['name']);
  }

  it('is asked with the password', async () => {
    expect(await login({ password: 'tea' })).toBe('postgres');
  });

  it('cannot be asked without one: which is missing is said, with a remedy', async () => {
    await expect(login(MISSING)).rejects.toMatchObject({
      kind: 'denied',
      message: `cannot ask the server of db-0: it wants a password, and there is none to be had: ${MISSING.why}`,
      remedy: MISSING.remedy,
    });
  });

  it('refuses a wrong one, which is another matter', async () => {
    await expect(login({ password: 'cola' })).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('password authentication failed'),
    });
  });

  it('is looked at for a plan as a superuser alone', async () => {
    const subject = { statefulSet: { metadata: { name: 'db' } }, live: { dataDirectory: '/data' } } as Subject;
    const found = { password: 'tea' };
    const { cluster } = await lookAtLeader(await podServer('postgres', found), subject, 'db-0');
    expect(cluster.control.majorVersion).toBe(17);
    await expect(lookAtLeader(await podServer('shop', found), subject, 'db-0')).rejects.toMatchObject({
      kind: 'refused',
      message: 'cannot plan a recovery of shop/db: shop, as whom its server is asked, is no superuser',
      remedy: expect.stringContaining('PGUSER_SUPERUSER'),
    });
  });
});
