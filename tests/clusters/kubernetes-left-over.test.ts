/**
 * A cluster that was scaled down before its recovery: the claim of the member that went is put aside with the others', so that a later
 * scale-up starts no history of before, and is where it was again after the undo. One cluster, in this order.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from '../../scripts/prove/kubernetes/operate.ts';
import type { PersistentVolumeClaim } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';

const bed = await startBed();
const LEFT_OVER = 'storage-volume-shop-1';

describe.skipIf(bed === undefined)('a claim that a scale-down has left', () => {
  let database: PatroniDatabase;
  let volume: string | undefined;
  let xid: number;
  let id: string;

  const walkback = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, out, err } = await walkbackIn(database, [...args, '--json']);
    if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${err.slice(-2000)}`);
    return JSON.parse(out) as Record<string, unknown>;
  };
  const rows = async (pod: string): Promise<number> => {
    const client = await database.connect(pod);
    try {
      return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    } finally {
      await client.end();
    }
  };
  const volumeOf = async (name: string): Promise<string | undefined> => {
    const kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
    return (await database.api.get<PersistentVolumeClaim>({ ...kind, name }))?.spec?.volumeName;
  };
  const scaleTo = async (replicas: number): Promise<void> => {
    const { namespace, name } = database;
    await namespace.kubectl(['scale', `statefulset/${name}`, `--replicas=${replicas}`]);
    await namespace.kubectl(['rollout', 'status', `statefulset/${name}`, '--timeout=600s']);
  };

  beforeAll(async () => {
    database = await startPatroniDatabase(bed ?? expect.unreachable(), { replicas: 2, prefix: 'left-over' });
    await untilFirstBackup(database);
    await scaleTo(2);
    volume = await volumeOf(LEFT_OVER);
    await scaleTo(1);
    await database.untilLeader();
    xid = await badTransaction(database);
    await archiveSoFar(database);
  }, 1_200_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  }, 300_000);

  test('is put aside by a recovery, and a later scale-up gets the recovered data', async () => {
    expect(volume).toBeDefined();
    const target = ['--before-xid', String(xid), '--way', 'rebind'];
    const recovered = await walkback('recover', 'run', ...target, '--yes');
    expect(recovered).toMatchObject({ state: 'recovered' });
    id = String(recovered['id']);
    expect(await volumeOf(LEFT_OVER)).toBeUndefined();
    expect(await volumeOf(`walkback-${id}-kept-1`)).toBe(volume);
    await scaleTo(2);
    await expect.poll(async () => rows('shop-1').catch(() => 0), { timeout: 300_000, interval: 2000 }).toBe(5000);
  }, 900_000);

  test('is where it was after the undo', async () => {
    expect(await walkback('undo', id, '--yes')).toMatchObject({ state: 'undone' });
    expect(await volumeOf(LEFT_OVER)).toBe(volume);
    expect(await rows(await database.untilLeader())).toBe(1);
    await walkback('release', id, '--yes');
    expect(await volumeOf(LEFT_OVER)).toBe(volume);
  }, 900_000);
});
