/**
 * Three members and an application in a namespace: rehearsed, stepped and checked from a terminal; then recovered by a Job of the
 * namespace that nobody has to watch, taken back by one, and released by one. One cluster, in this order.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from '../../scripts/prove/kubernetes/operate.ts';
import { renderAccount } from '../../scripts/prove/rbac/chart-account.ts';
import type { Job, KubernetesObject, Pod } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { bedImageName } from '../support/kubernetes/bed-image.ts';
import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';
import { startWalkback } from '../support/walkback-process.ts';

const bed = await startBed();
const REPLICAS = 3;

interface Answer {
  readonly id: string;
  readonly state: string;
  readonly checks?: readonly { readonly passed: boolean }[];
  readonly journal?: readonly { readonly step?: string; readonly facts?: Readonly<Record<string, unknown>> }[];
}

describe.skipIf(bed === undefined)('three members and an application', () => {
  let there: Bed;
  let database: PatroniDatabase;
  let folder: string;
  let xid: number;
  let id: string;

  const walkback = async (...args: readonly string[]): Promise<Answer> => {
    const { code, out, err } = await walkbackIn(database, [...args, '--json']);
    if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${err.slice(-2000)}`);
    return JSON.parse(out) as Answer;
  };
  const rows = async (pod: string): Promise<number> => {
    const client = await database.connect(pod);
    try {
      return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    } finally {
      await client.end();
    }
  };
  const everyMembersRows = async (): Promise<readonly number[]> =>
    Promise.all(Array.from({ length: REPLICAS }, async (_, ordinal) => rows(`${database.name}-${ordinal}`)));
  const appReplicas = async (): Promise<unknown> => {
    const found = await database.api.get<KubernetesObject>({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' });
    return Reflect.get(Object(Reflect.get(Object(found), 'spec')), 'replicas');
  };
  const carrierPods = async (): Promise<Pod[]> =>
    database.api.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { labels: 'walkback/part=in-cluster' });

  const policies = async (): Promise<readonly (string | undefined)[]> => {
    const kind = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
    const found = await database.api.list<KubernetesObject>(kind, { labels: 'app.kubernetes.io/managed-by=walkback' });
    return found.map(({ metadata }) => metadata?.name);
  };

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    database = await startPatroniDatabase(there, { replicas: REPLICAS, prefix: 'in-cluster' });
    folder = await mkdtemp(join(tmpdir(), 'walkback-in-cluster-'));
    const { namespace } = database;
    await there.apply(await renderAccount(there, database.name, namespace.name, ['recovery.workloads=true']));
    await there.apply([application(namespace.name, await bedImageName(there), namespace.userId)]);
    await untilFirstBackup(database);
    xid = await badTransaction(database);
    await archiveSoFar(database);
    await namespace.kubectl(['rollout', 'status', `statefulset/${database.name}`, '--timeout=600s']);
  }, 1_200_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }, 300_000);

  test('are rehearsed, checked, stepped on, and checked again; and that is thrown away', async () => {
    const file = join(folder, 'orders.sql');
    await writeFile(file, 'select count(*) = 5000 from orders');
    const stands = await walkback('rehearse', '--before-xid', String(xid), '--check', file);
    expect(stands).toMatchObject({ state: 'standing', checks: [{ passed: true }] });
    expect(await walkback('rehearse', 'step', stands.id, '--after-xid', String(xid))).toMatchObject({
      state: 'standing',
    });
    const wrong = await walkbackIn(database, ['rehearse', stands.id, '--sql', 'select count(*) = 5000 from orders']);
    expect(wrong.code).toBe(1);
    expect(await walkback('rehearse', stands.id, '--sql', 'select count(*) = 0 from orders')).toMatchObject({
      checks: [{ passed: true }],
    });
    await walkback('rehearse', '--discard', stands.id);
    expect(await everyMembersRows()).toEqual([1, 1, 1]);
  }, 600_000);

  test('are recovered by a Job that goes on when nobody watches and when its pod dies', async () => {
    const target = ['--before-xid', String(xid), '--scale-down', 'deployment/app'];
    const check = ['--sql', 'select count(*) = 5000 from orders'];
    const terminal = startWalkback(['recover', 'run', ...target, ...check, '--in-cluster', '--yes'], {
      HOME: tmpdir(),
      ...database.environment,
    });
    let said = '';
    terminal.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const ended = new Promise<number | null>((resolve) => terminal.once('close', resolve));
    await expect.poll(() => said, { timeout: 120_000, interval: 200 }).toMatch(/fetch/);
    terminal.kill('SIGINT');
    expect(await ended).toBe(130);
    id = /recover run (\w+) --in-cluster/.exec(said)?.[1] ?? expect.unreachable(said);
    expect(said).toMatch(/stopped watching: recovery \w+ goes on in the cluster/);

    const job = await database.api.get<Job>({ apiVersion: 'batch/v1', kind: 'Job', name: `walkback-${id}-in-cluster` });
    expect(JSON.stringify(job)).not.toContain(database.password);
    expect(job?.spec?.template.spec?.serviceAccountName).toBe('shop-recovery');
    const status = await walkbackIn(database, ['recover', 'status', id]);
    expect(status.out).toContain(`recover run ${id} --in-cluster`);
    const other = await walkbackIn(database, ['recover', 'run', ...target, '--in-cluster', '--yes']);
    expect(other.err).toContain(`recover run ${id} --in-cluster`);

    expect(await policies()).toContain(`walkback-${id}-in-cluster`);
    const [pod] = await carrierPods();
    await database.namespace.kubectl(['delete', 'pod', pod?.metadata?.name ?? '', '--grace-period=0', '--force']);
    const recovered = await walkback('recover', 'run', id, '--in-cluster');
    expect(recovered).toMatchObject({ id, state: 'recovered' });
    const factsOf = (step: string): unknown => recovered.journal?.findLast((one) => one.step === step)?.facts;
    expect(factsOf('scaleWorkloadsDown')).toEqual({ scaled: 'Deployment/app' });
    expect(factsOf('scaleOut')).toEqual({ accepted: 'shop-1, shop-2' });
    expect(await everyMembersRows()).toEqual([5000, 5000, 5000]);
    expect(await appReplicas()).toBe(2);
    // The same command once more: it has ended meanwhile, and this is its proof.
    expect(await walkback('recover', 'run', id, '--in-cluster')).toMatchObject({ state: 'recovered' });
  }, 900_000);

  test('are taken back by a Job, and what that keeps is released by one', async () => {
    expect(await walkback('undo', id, '--in-cluster', '--yes')).toMatchObject({ state: 'undone' });
    expect(await everyMembersRows()).toEqual([1, 1, 1]);
    expect(await appReplicas()).toBe(2);
    expect(await walkback('release', id, '--in-cluster', '--yes')).toMatchObject({ removed: true });
    const { claims } = (await walkback('recover', 'status', id)) as unknown as { readonly claims: readonly unknown[] };
    expect(claims).toEqual([]);
    expect(await policies()).toEqual([]);
  }, 900_000);
});

/** What uses the database. */
function application(namespace: string, image: string, userId: number): object {
  const labels = { app: 'app' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          securityContext: { runAsNonRoot: true, runAsUser: userId, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'app',
              image,
              imagePullPolicy: 'Never',
              command: ['sleep', 'infinity'],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}
