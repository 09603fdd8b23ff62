/**
 * A cluster that does not run when its recovery is planned: scaled to 0, as a hand procedure begins; or with a server that cannot be
 * started any more. One cluster, in this order.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from '../../scripts/prove/kubernetes/operate.ts';
import type { StatefulSet } from '../../src/kubernetes/api/kubernetes-objects.ts';
import { statefulSetRef } from '../../src/kubernetes/recover/pods-gone.ts';
import { bedImageName } from '../support/kubernetes/bed-image.ts';
import { startBed, type Bed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';

const bed = await startBed();
const DATA = '/home/postgres/pgdata/pgroot/data';

describe.skipIf(bed === undefined)('a cluster that does not run', () => {
  let there: Bed;
  let database: PatroniDatabase;
  let target: readonly string[];

  const walkback = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await walkbackIn(database, args);
    if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${err.slice(-2000)}`);
    return out;
  };
  const plan = async (...more: readonly string[]): Promise<{ id: string; text: string }> => {
    const text = await walkback('recover', 'plan', ...target, ...more);
    return { id: /recover run (\w+)/.exec(text)?.[1] ?? expect.unreachable(text), text };
  };
  const rows = async (): Promise<number> => {
    const client = await database.connect(await database.untilLeader());
    try {
      return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    } finally {
      await client.end();
    }
  };
  const replicas = async (): Promise<number | undefined> =>
    (await database.api.get<StatefulSet>(statefulSetRef(database.name)))?.spec?.replicas;

  beforeAll(async () => {
    there = bed ?? expect.unreachable();
    database = await startPatroniDatabase(there, { replicas: 1, prefix: 'down' });
    await untilFirstBackup(database);
    target = ['--before-xid', String(await badTransaction(database))];
    await archiveSoFar(database);
  }, 1_200_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
  }, 300_000);

  test('and has no pod: is refused without an image to look with; with one it is recovered, and taken back', async () => {
    const { namespace, name } = database;
    await namespace.kubectl(['scale', 'statefulset', name, '--replicas=0']);
    await namespace.kubectl(['wait', '--for=delete', `pod/${name}-0`, '--timeout=300s']);
    const refused = await walkbackIn(database, ['recover', 'plan', ...target]);
    expect(refused).toMatchObject({ code: 80, err: expect.stringContaining('--walkback-image IMAGE') });

    const { id, text } = await plan('--walkback-image', await bedImageName(there));
    expect(text).toMatch(/has the newest data/);
    expect(text).toMatch(/The live server is stopped/);
    await walkback('recover', 'run', id, '--yes');
    expect(await rows()).toBe(5000);
    expect(await replicas()).toBe(1);
    await walkback('undo', id, '--yes');
    expect(await rows()).toBe(1);
    await walkback('release', id, '--yes');
  }, 1_200_000);

  test('is as it was when its recovery is taken back before the swap', async () => {
    const { namespace, name } = database;
    await namespace.kubectl(['scale', 'statefulset', name, '--replicas=0']);
    await namespace.kubectl(['wait', '--for=delete', `pod/${name}-0`, '--timeout=300s']);
    const { id } = await plan('--walkback-image', await bedImageName(there), '--way', 'in-volume');
    await walkback('rehearse', id);
    await walkback('undo', id, '--yes');
    expect(await replicas()).toBe(0);
    await namespace.kubectl(['scale', 'statefulset', name, '--replicas=1']);
    expect(await rows()).toBe(1);
  }, 1_200_000);

  test('but as a standby that follows nobody: is cloned; what was kept takes writes after the undo', async () => {
    const { namespace, name } = database;
    const inPod = async (script: string): Promise<string> =>
      namespace.kubectl(['exec', `${name}-0`, '--', 'sh', '-c', script]);
    const patronictl = 'patronictl -c /run/postgres.yml';
    await inPod(`${patronictl} pause ${name} --wait`);
    await inPod(`touch ${DATA}/standby.signal
      "$(dirname "$(readlink /proc/"$(head -n 1 ${DATA}/postmaster.pid)"/exe)")/pg_ctl" restart -s -m fast -D ${DATA} >/dev/null 2>&1`);
    const members = async (): Promise<string> => inPod(`${patronictl} list ${name} --format json`);
    await expect.poll(members, { timeout: 120_000, interval: 2000 }).not.toContain('Leader');
    const { id } = await plan('--walkback-image', await bedImageName(there), '--way', 'clone');
    await walkback('recover', 'run', id, '--yes');
    expect(await rows()).toBe(5000);
    await walkback('undo', id, '--yes');
    expect(await rows()).toBe(1);
    await inPod(`${patronictl} resume ${name} --wait`);
    await walkback('release', id, '--yes');
  }, 1_200_000);

  test('since somebody has removed its WAL: is recovered from the archive; an undo towards that is given up', async () => {
    const { namespace, name } = database;
    const broken = `rm ${DATA}/pg_wal/0* && kill -9 $(head -n 1 ${DATA}/postmaster.pid)`;
    await namespace.kubectl(['exec', `${name}-0`, '--', 'sh', '-c', broken]);
    const { id, text } = await plan();
    expect(text).toMatch(/ended without a clean shutdown/);
    await walkback('recover', 'run', id, '--yes');
    expect(await rows()).toBe(5000);
    expect(await walkback('recover', 'status', id)).toMatch(/data from before/);

    const undone = await walkbackIn(database, ['undo', id, '--yes']);
    const stays = new RegExp(`recover run ${id}`);
    expect(undone).toMatchObject({ err: expect.stringMatching(stays) });
    expect(undone.code).not.toBe(0);
    expect(await replicas()).toBe(0);
    expect(await walkback('recover', 'status', id)).toMatch(stays);
    await walkback('recover', 'run', id, '--yes');
    expect(await replicas()).toBe(1);
    expect(await rows()).toBe(5000);
    expect(await walkback('recover', 'status', id)).toMatch(/data from before/);
    await walkback('release', id, '--yes');
  }, 1_200_000);
});
