/**
 * Members without data where nobody leads: Patroni asks `walkback replica create` without a leader to copy from.
 */

import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';

import { pushWalFile } from '../../src/archive/push.ts';
import { openStore } from '../../src/storage/open.ts';
import { until } from '../support/archived-cluster.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';
import { archiveByHand } from '../support/patroni/recover-by-hand.ts';
import { walkbackOn } from '../support/patroni/recoverable-member.ts';

/** Lets a member be made from the archive alone, as in the container. */
async function useArchive(cluster: PatroniTestCluster, member: PatroniMember): Promise<void> {
  const configuration = parse(await readFile(member.configFile, 'utf8'));
  const keys = `--patroni-config=${member.configFile} --patroni-python=${cluster.programs.python}`;
  configuration.postgresql.create_replica_methods = ['walkback', 'basebackup'];
  configuration.postgresql.walkback = { command: `walkback replica create ${keys}`, no_leader: 1 };
  await writeFile(member.configFile, stringify(configuration, { version: '1.1' }), { mode: 0o600 });
}

const rowsOf = async (member: PatroniMember): Promise<number[]> =>
  (await member.sql<{ i: number }>('SELECT i FROM t ORDER BY i').catch(() => [])).map(({ i }) => i);

async function loseEverything(cluster: PatroniTestCluster): Promise<void> {
  for (const member of cluster.members) await member.kill();
  for (const member of cluster.members) await rm(member.dataDirectory, { recursive: true, force: true });
}

describe('a cluster that has lost the data of all members', { timeout: 1_200_000 }, () => {
  it('is made again of the archive, on the line of history that its keys tell', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 2 });
    if (cluster === undefined) return skip();
    for (const member of cluster.members) await useArchive(cluster, member);
    const [one, two] = cluster.members;
    if (one === undefined || two === undefined) throw new Error('there are two');
    await one.sql('CREATE TABLE t AS SELECT 1 AS i');
    const { code, err } = await walkbackOn(cluster, one, ['backup', 'take']);
    expect(code, err).toBe(0);
    // It has failed over since: the keys tell of two timelines.
    const switched = await one.request('/switchover', {
      method: 'POST',
      body: JSON.stringify({ leader: one.name, candidate: two.name }),
    });
    expect(switched.status, await switched.text()).toBe(200);
    await cluster.untilHealthy();
    await two.sql('INSERT INTO t VALUES (2)');
    await archiveByHand(two);

    await loseEverything(cluster);
    one.start();
    await until('it has all rows', async () => (await rowsOf(one)).length === 2, 300_000, 500).catch(
      async (error: unknown) => {
        throw new Error(`${String(error)}\n${await cluster.logTails(60)}`, { cause: error });
      },
    );
    expect(await cluster.leader(120_000)).toBe(one);
    expect(await one.log()).toMatch(/bootstrap \(without leader\)/);
    expect(await one.log()).toMatch(/replica has been created using walkback/);
    await expect
      .poll(() => one.sql('INSERT INTO t VALUES (3)').catch(() => 'not yet'), { timeout: 60_000 })
      .toEqual([]);
    two.start();
    await cluster.untilHealthy();
    await expect.poll(() => rowsOf(two), { timeout: 60_000 }).toEqual([1, 2, 3]);
  });

  it('is left as it is where the archive tells another history than the keys', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 1 });
    const [one] = cluster?.members ?? [];
    if (cluster === undefined || one === undefined) return skip();
    await useArchive(cluster, one);
    await one.sql('CREATE TABLE t AS SELECT 1 AS i');
    const { code, err } = await walkbackOn(cluster, one, ['backup', 'take']);
    expect(code, err).toBe(0);
    await archiveByHand(one);
    // Somebody has recovered this archive elsewhere, to a timeline that the cluster knows nothing of.
    const history = join(one.root, '00000002.history');
    await writeFile(history, '1\t0/900000\tno recovery target specified\n');
    const store = await openStore({ kind: 'file', path: cluster.archive });
    await pushWalFile({ store, path: history });
    await store.close();

    await loseEverything(cluster);
    one.start();
    await one.says(
      /cannot make a replica without a leader: the archive's newest timeline, 2, has another history/,
      180_000,
    );
    expect(await readdir(one.dataDirectory).catch((): string[] => [])).toEqual([]);
    expect(await cluster.leaderNow()).toBeUndefined();
  });
});
