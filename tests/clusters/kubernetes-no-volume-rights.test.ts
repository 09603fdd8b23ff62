/**
 * A recovery by whoever may do nothing with PersistentVolumes: as the account that the chart makes without them, each way that needs no
 * such right is run, undone and released. One cluster, in this order.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from '../../scripts/prove/kubernetes/operate.ts';
import { grantedBy, renderAccount } from '../../scripts/prove/rbac/chart-account.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';

const bed = await startBed();

describe.skipIf(bed === undefined)('an account without rights on volumes', () => {
  let database: PatroniDatabase;
  let xid: number;
  let hasRights: boolean;

  const walkback = async (...args: readonly string[]): Promise<{ readonly id: string; readonly state: string }> => {
    const account = `system:serviceaccount:${database.namespace.name}:${database.name}-recovery`;
    const { code, out, err } = await walkbackIn(database, [...args, '--json'], { WALKBACK_ACT_AS: account });
    if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${err.slice(-2000)}`);
    return JSON.parse(out) as { id: string; state: string };
  };
  const rows = async (): Promise<number> => {
    const client = await database.connect(await database.untilLeader());
    try {
      return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    const there = bed ?? expect.unreachable();
    database = await startPatroniDatabase(there, { replicas: 2, size: '2Gi', prefix: 'no-volumes' });
    const { namespace, name } = database;
    const account = await renderAccount(there, name, namespace.name, ['recovery.persistentVolumes=false']);
    hasRights = grantedBy(account).some(({ resource }) => resource === 'persistentvolumes');
    await there.apply(account);
    await untilFirstBackup(database);
    xid = await badTransaction(database);
    await archiveSoFar(database);
    await namespace.kubectl(['rollout', 'status', `statefulset/${name}`, '--timeout=600s']);
  }, 1_200_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  }, 300_000);

  test.each(['in-volume', 'recreate'])(
    'recovers by %s, goes back, and releases what that keeps',
    async (way) => {
      expect(hasRights).toBe(false);
      const target = ['--before-xid', String(xid), '--way', way];
      const { id, state } = await walkback('recover', 'run', ...target, '--yes');
      expect(state).toBe('recovered');
      expect(await rows()).toBe(5000);
      expect(await walkback('undo', id, '--yes')).toMatchObject({ state: 'undone' });
      expect(await rows()).toBe(1);
      expect(await walkback('release', id, '--yes')).toMatchObject({ removed: true });
    },
    900_000,
  );
});
