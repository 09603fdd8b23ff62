import { describe, expect, it } from 'vitest';

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { startScriptedServer, refuse, type Answer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { findCluster, type FoundCluster } from '../find/find-cluster.ts';
import { loginOf, superuserPasswordOf } from './superuser.ts';

const FOLDER = '/opt/bitnami/postgresql/secrets';
const SECRETS = '/api/v1/namespaces/shop/secrets';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The chart's Secret, and a ConfigMap, where {@link found} mounts them. */
const KEPT = {
  [`${SECRETS}/db`]: {
    metadata: { name: 'db' },
    data: { password: base64('of the application\n'), 'postgres-password': base64('of postgres\n') },
  },
  '/api/v1/namespaces/shop/configmaps/names': { metadata: { name: 'names' }, data: { user: 'shop\n' } },
};

/** A StatefulSet of one container with these variables. */
function statefulSetWith(variables: Readonly<Record<string, string>>): StatefulSet {
  const container = {
    name: 'postgresql',
    image: 'registry.test/db',
    env: Object.entries(variables).map(([name, value]) => ({ name, value })),
    ports: [{ containerPort: 5432 }],
    volumeMounts: [
      { name: 'passwords', mountPath: `${FOLDER}/` },
      { name: 'names', mountPath: '/etc/user', subPath: 'user' },
      { name: 'injected', mountPath: '/vault' },
    ],
  };
  const volumes = [
    { name: 'passwords', secret: { secretName: 'db' } },
    { name: 'names', configMap: { name: 'names' } },
    { name: 'injected', emptyDir: {} },
  ];
  return {
    metadata: { name: 'db' },
    spec: { serviceName: 'db', selector: {}, template: { spec: { containers: [container], volumes } } },
  };
}

/** The cluster, as it is found in its namespace. @param isClosed Secrets may not be read. */
async function found(variables: Readonly<Record<string, string>>, isClosed = false): Promise<FoundCluster> {
  const path = '/apis/apps/v1/namespaces/shop/statefulsets/db';
  const { answer } = keepObjects({ ...KEPT, [path]: statefulSetWith(variables) });
  const closed: Answer = (received, response) =>
    received.path.startsWith(SECRETS) ? refuse(response, 403, 'Forbidden', 'no') : answer(received, response);
  await using server = await startScriptedServer(isClosed ? closed : answer, { attemptIdleMs: 2000, callMs: 5000 });
  return await findCluster(server.api, { statefulSet: 'db' });
}

const OF_CHART = {
  BITNAMI_DEBUG: 'false',
  POSTGRES_USER: 'shop',
  POSTGRES_PASSWORD_FILE: `${FOLDER}/password`,
  POSTGRES_POSTGRES_PASSWORD_FILE: `${FOLDER}/postgres-password`,
};

describe('the password of the superuser', () => {
  it("is in a file of bitnami's chart, apart from that of an application's user", async () => {
    const cluster = await found(OF_CHART);
    expect(loginOf(cluster).user).toBe('postgres');
    expect(superuserPasswordOf(cluster)).toEqual({ password: 'of postgres' });
  });

  it.each(['POSTGRES_PASSWORD_FILE', 'POSTGRESQL_PASSWORD_FILE'])('is in the file that %s names', async (variable) => {
    const cluster = await found({ [variable]: `${FOLDER}/postgres-password` });
    expect(loginOf(cluster).user).toBe('postgres');
    expect(superuserPasswordOf(cluster)).toEqual({ password: 'of postgres' });
  });

  it('goes with a user that a file names', async () => {
    const cluster = await found({
      POSTGRES_USER_FILE: '/etc/user',
      POSTGRES_PASSWORD_FILE: `${FOLDER}/password`,
    });
    expect(loginOf(cluster).user).toBe('shop');
    expect(superuserPasswordOf(cluster)).toEqual({ password: 'of the application' });
  });

  it('is in the file, where a variable has another', async () => {
    const cluster = await found({
      POSTGRESQL_PASSWORD: 'older',
      POSTGRESQL_PASSWORD_FILE: `${FOLDER}/postgres-password`,
    });
    expect(superuserPasswordOf(cluster)).toEqual({ password: 'of postgres' });
  });

  it('is in the variable, where the file is nowhere to be had', async () => {
    const cluster = await found({ POSTGRESQL_PASSWORD: 'tea', POSTGRESQL_PASSWORD_FILE: '/vault/password' });
    expect(superuserPasswordOf(cluster)).toEqual({ password: 'tea' });
  });
});

describe('a password that is not to be had', () => {
  it.each([
    ['/vault/password', 'no Secret or ConfigMap of the pods is mounted there'],
    [`${FOLDER}/gone`, 'it is not there'],
  ])('is told with the file %s', async (path, why) => {
    const missing = superuserPasswordOf(await found({ POSTGRES_PASSWORD_FILE: path }));
    expect(missing).toMatchObject({
      password: undefined,
      why: expect.stringMatching(new RegExp(`^POSTGRES_PASSWORD_FILE names file ${path}.*: ${why}$`)),
      remedy: expect.stringContaining('container postgresql of StatefulSet db'),
    });
  });

  it('is told where this user may not read it', async () => {
    const missing = superuserPasswordOf(await found({ POSTGRES_PASSWORD_FILE: `${FOLDER}/password` }, true));
    expect(missing).toMatchObject({
      why: `POSTGRES_PASSWORD_FILE names file ${FOLDER}/password: secret db, key password: this user may not read it`,
    });
  });

  it("is told where the application's is all there is", async () => {
    const { POSTGRES_POSTGRES_PASSWORD_FILE: _left, ...others } = OF_CHART;
    const missing = superuserPasswordOf(await found(others));
    expect(missing).toMatchObject({
      password: undefined,
      why: expect.stringContaining('POSTGRES_POSTGRES_PASSWORD'),
      remedy: expect.stringContaining('auth.enablePostgresUser'),
    });
    expect(JSON.stringify(missing)).not.toContain('of the application');
  });
});
