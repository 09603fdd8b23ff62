/**
 * A cluster that Patroni runs, reset on a real Kubernetes by a process that is killed in the middle; undone; its volumes released.
 * And what is left of it in ConfigMaps: no value that was written into the StatefulSet.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type {
  ConfigMap,
  Event,
  Job,
  KubernetesObject,
  Lease,
  PersistentVolume,
  PersistentVolumeClaim,
  Secret,
  StatefulSet,
} from '../../src/kubernetes/api/kubernetes-objects.ts';
import { leaseName } from '../../src/kubernetes/recover/names.ts';
import { claimRef, volumeRef } from '../../src/kubernetes/recover/exchange-claim.ts';
import { statefulSetRef } from '../../src/kubernetes/recover/pods-gone.ts';
import { archiveSoFar, untilFirstBackup, walkbackIn } from '../../scripts/prove/kubernetes/operate.ts';
import { renderAccount } from '../../scripts/prove/rbac/chart-account.ts';
import type { ResetPlan } from '../../src/kubernetes/reset/plan-value.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';
import { startWalkback } from '../support/walkback-process.ts';

const bed = await startBed();
const HUSH = 'hush-written-into-the-specification';
const MINUTES = 60_000;
const LEASES = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;

/** As a chart leaves one: it has ended, and has the release's label. */
function leftOverJob(image: string, userId: number): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'trigger-dag', labels: { release: 'test' } },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: 'Never',
          securityContext: { runAsNonRoot: true, runAsUser: userId, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'nothing',
              image,
              imagePullPolicy: 'Never',
              command: ['true'],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
}

describe.skipIf(bed === undefined)('a reset', () => {
  let database: PatroniDatabase;
  let id: string;
  let systemBefore: string;
  let volumesBefore: (string | undefined)[];

  const sql = async (statement: string): Promise<string> => {
    const client = await database.connect(await database.untilLeader());
    try {
      const { rows } = await client.query<Record<string, string | number | boolean>>(statement);
      return String(Object.values(rows[0] ?? {})[0] ?? '');
    } finally {
      await client.end();
    }
  };
  const systemNow = () => sql('SELECT system_identifier::text FROM pg_control_system()');
  const volumeOf = async (claim: string): Promise<string | undefined> =>
    (await database.api.get<PersistentVolumeClaim>(claimRef(claim)))?.spec?.volumeName;
  const volumesNow = () => Promise.all([0, 1].map(async (one) => volumeOf(`storage-volume-shop-${one}`)));
  const journalOf = async (): Promise<string> => {
    const name = `walkback-recovery-${id}`;
    return (await database.api.get<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', name }))?.data?.['journal'] ?? '';
  };
  const archiveNow = async (): Promise<string | undefined> => {
    const set = await database.api.get<StatefulSet>(statefulSetRef('shop'));
    return set?.spec?.template.spec?.containers[0]?.env?.find(({ name }) => name === 'WALE_GS_PREFIX')?.value;
  };
  /** With exactly the rights of the chart's recovery account. */
  const asAccount = () => ({ WALKBACK_ACT_AS: `system:serviceaccount:${database.namespace.name}:shop-recovery` });
  const theName = () => `${database.namespace.name}/shop`;
  const walkback = async (...args: readonly string[]): Promise<string> => {
    const run = await walkbackIn(database, args, asAccount());
    expect(`${run.code} ${run.code === 0 ? '' : run.err}`).toBe('0 ');
    return run.out;
  };
  /** Runs it, and kills it as soon as a step has begun. */
  const killedAt = async (step: string, ...args: readonly string[]): Promise<void> => {
    const environment = { HOME: process.env['HOME'] ?? '', ...database.environment, ...asAccount() };
    const child = startWalkback(args, environment);
    const ended = new Promise((resolve) => child.once('close', resolve));
    while (child.exitCode === null && !(await journalOf()).includes(`"event":"begin","step":"${step}"`))
      await sleep(50);
    child.kill('SIGKILL');
    await ended;
    // What dies at work has not given its lease up: nobody else has begun beside it.
    const lease = await database.api.get<Lease>({ ...LEASES, name: leaseName('shop') });
    expect(lease?.spec?.holderIdentity).toContain(` ${child.pid} `);
  };
  const plannedReset = async (): Promise<ResetPlan> => {
    const planned = await walkback('cluster', 'reset', '--dry-run', '--json');
    expect(planned).not.toContain(HUSH);
    const plan: ResetPlan = JSON.parse(planned);
    ({ id } = plan.recovery);
    return plan;
  };
  /** Everything that whoever may read ConfigMaps and Events can read. */
  const readable = async (): Promise<string> => {
    const [maps, events] = await Promise.all([
      database.api.list<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap' }),
      database.api.list<Event>({ apiVersion: 'v1', kind: 'Event' }),
    ]);
    return JSON.stringify([maps, events]);
  };

  beforeAll(async () => {
    const there = bed ?? expect.unreachable();
    database = await startPatroniDatabase(there, { replicas: 2, prefix: 'r-reset', variables: { APP_PASSWORD: HUSH } });
    await there.apply(await renderAccount(there, 'shop', database.namespace.name));
    await untilFirstBackup(database);
    const set = await database.api.get<StatefulSet>(statefulSetRef('shop'));
    const image = set?.spec?.template.spec?.containers[0]?.image ?? '';
    await database.namespace.kubectl(
      ['apply', '--filename', '-'],
      JSON.stringify(leftOverJob(image, database.namespace.userId)),
    );
    await database.namespace.kubectl(['wait', '--for=condition=Complete', 'job/trigger-dag', '--timeout=120s']);
    await sql('CREATE TABLE orders AS SELECT generate_series(1, 1001) AS id');
    await archiveSoFar(database);
    systemBefore = await systemNow();
    volumesBefore = await volumesNow();
  }, 15 * MINUTES);

  afterAll(async () => {
    // Those that a failed test has left kept would stay behind.
    for (const volume of volumesBefore ?? [])
      if (volume !== undefined)
        await database.api
          .patch<PersistentVolume>(volumeRef(volume), {
            type: 'merge',
            body: { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
          })
          .catch(() => {});
    await database?.[Symbol.asyncDispose]();
  }, 5 * MINUTES);

  test(
    'is of a cluster whose newest transaction a plan finds, before its segment is full',
    async () => {
      const xid = await sql('WITH bad AS (DELETE FROM orders WHERE id > 1000) SELECT pg_current_xact_id()::text');
      const planned = await walkback('recover', 'plan', '--before-xid', xid, '--json');
      expect(planned).not.toContain(HUSH);
      const unknown = await walkbackIn(database, ['recover', 'plan', '--before-xid', '4000000000']);
      expect(unknown.code).not.toBe(0);
    },
    5 * MINUTES,
  );

  test(
    'is planned without a change, and says what becomes of everything',
    async () => {
      const plan = await plannedReset();
      expect(plan.reset).toMatchObject({
        systemIdentifier: systemBefore,
        archive: { from: `gs://${database.bucket}/shop`, to: `gs://${database.bucket}/shop-reset-${id}` },
        jobs: [{ name: 'trigger-dag' }],
      });
      expect(await systemNow()).toBe(systemBefore);
      expect(await volumesNow()).toEqual(volumesBefore);
    },
    5 * MINUTES,
  );

  test(
    'is not done by --yes alone, nor where another name is said',
    async () => {
      const alone = await walkbackIn(database, ['cluster', 'reset', id, '--yes']);
      expect(alone.err).toContain(`--confirm-name ${database.namespace.name}/shop`);
      const other = await walkbackIn(database, ['cluster', 'reset', id, '--yes', '--confirm-name', 'shop-prod/shop']);
      expect([alone.code, other.code]).toEqual([64, 64]);
      expect(await journalOf()).toBe('');
    },
    5 * MINUTES,
  );

  test(
    'is taken back before the new cluster has begun, when it was killed there: every member has its volume',
    async () => {
      await killedAt('moveArchive', 'cluster', 'reset', id, '--yes', '--confirm-name', theName());
      await walkback('undo', id, '--yes');
      expect(await systemNow()).toBe(systemBefore);
      expect(await volumesNow()).toEqual(volumesBefore);
      expect(await archiveNow()).toBe(`gs://${database.bucket}/shop`);
      expect(await database.api.get<Job>({ apiVersion: 'batch/v1', kind: 'Job', name: 'trigger-dag' })).toBeUndefined();
      for (let left = 120; left > 0 && (await sql('SELECT count(*) FROM pg_stat_replication')) === '0'; left -= 1)
        await sleep(1000);
      expect(await sql('SELECT count(*) FROM pg_stat_replication')).toBe('1');
    },
    15 * MINUTES,
  );

  test(
    'goes on where it was killed, and ends with a new cluster that is archived elsewhere',
    async () => {
      await plannedReset();
      await killedAt('forgetCluster', 'cluster', 'reset', id, '--yes', '--confirm-name', theName());
      // As Helm or an autoscaler does: it is found, and scaled down again.
      const scaled = { type: 'merge', body: { spec: { replicas: 2 } } } as const;
      await database.api.patch(statefulSetRef('shop'), scaled, { subresource: 'scale' });
      await walkback('cluster', 'reset', id, '--json');

      expect(await systemNow()).not.toBe(systemBefore);
      expect(await sql("SELECT to_regclass('orders') IS NULL")).toBe('true');
      expect(await archiveNow()).toBe(`gs://${database.bucket}/shop-reset-${id}`);
      const kept = await Promise.all([0, 1].map(async (one) => volumeOf(`walkback-${id}-kept-${one}`)));
      expect(kept).toEqual(volumesBefore);
      expect(await sql('SELECT count(*) FROM pg_stat_replication')).toBe('1');
      expect(await walkback('window', '--json')).toMatch(/"backups":\s*\[\s*\{/);
    },
    15 * MINUTES,
  );

  test(
    'keeps what was written into the StatefulSet out of everything but the Secret with what was saved',
    async () => {
      expect(await readable()).not.toContain(HUSH);
      for (const args of [
        ['recover', 'status', id],
        ['recover', 'status'],
        ['cluster', 'inspect'],
      ])
        expect((await walkbackIn(database, [...args, '--json'])).out).not.toContain(HUSH);
      const ref = { apiVersion: 'v1', kind: 'Secret', name: `walkback-recovery-${id}-saved` };
      const saved = await database.api.get<Secret>(ref);
      const text = Buffer.from(saved?.data?.['StatefulSet.shop'] ?? '', 'base64').toString();
      expect(text).toContain(HUSH);
    },
    5 * MINUTES,
  );

  test(
    'is undone, killed in the middle: the cluster from before is live, with its archive',
    async () => {
      await killedAt('undoForgetCluster', 'undo', id, '--yes');
      await walkback('undo', id, '--yes', '--json');
      expect(await systemNow()).toBe(systemBefore);
      expect(await sql('SELECT count(*) FROM orders')).toBe('1000');
      expect(await archiveNow()).toBe(`gs://${database.bucket}/shop`);
      expect((await volumesNow())[0]).toBe(volumesBefore[0]);
      expect(await sql('SELECT count(*) FROM pg_stat_replication')).toBe('1');
      await archiveSoFar(database);
    },
    15 * MINUTES,
  );

  test(
    'keeps the volumes of the new cluster until it is released',
    async () => {
      const claims = async () =>
        (await database.api.list<KubernetesObject>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' }))
          .map(({ metadata }) => metadata?.name ?? '')
          .filter((one) => one.startsWith(`walkback-${id}`))
          .toSorted();
      expect(await claims()).toEqual([
        `walkback-${id}-kept-1`,
        `walkback-${id}-replaced-0`,
        `walkback-${id}-replaced-1`,
      ]);
      const shown = await walkback('release', id, '--dry-run');
      for (const claim of await claims()) expect(shown).toContain(claim);
      await walkback('release', id, '--yes');
      expect(await claims()).toEqual([]);
      expect(await sql('SELECT count(*) FROM orders')).toBe('1000');
    },
    5 * MINUTES,
  );

  test(
    'of a cluster that was scaled to 0 is undone to the member that is named, be it one that followed',
    async () => {
      const first = await database.untilLeader();
      const follower = ['shop-0', 'shop-1'].find((pod) => pod !== first) ?? '';
      const ordinal = Number(follower.at(-1));
      const rows = await sql('SELECT count(*) FROM orders');
      await database.namespace.kubectl(['scale', 'statefulset/shop', '--replicas=0']);
      await database.namespace.kubectl(['wait', '--for=delete', 'pod/shop-0', 'pod/shop-1', '--timeout=180s']);
      const before = (await volumesNow())[ordinal];
      expect(before).toBeDefined();
      await plannedReset();
      await walkback('cluster', 'reset', id, '--yes', '--confirm-name', theName());
      expect(await systemNow()).not.toBe(systemBefore);

      const kept = `persistentvolumeclaim/walkback-${id}-kept-${ordinal}`;
      const asked = await walkbackIn(database, ['undo', id, '--yes'], asAccount());
      expect(asked.err).toContain('nobody led when it began');
      await database.namespace.kubectl(['annotate', kept, 'walkback/led=true']);
      await walkback('undo', id, '--yes');
      // The first pod is started on what is gone back to.
      expect(await database.untilLeader()).toBe('shop-0');
      expect((await volumesNow())[0]).toBe(before);
      expect([await systemNow(), await sql('SELECT count(*) FROM orders')]).toEqual([systemBefore, rows]);
    },
    15 * MINUTES,
  );
});
