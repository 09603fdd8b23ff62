/**
 * Recoveries of real clusters of three, one after the other on the same cluster, as an operator runs them.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { until } from '../support/archived-cluster.ts';
import { PASSWORDS } from '../support/patroni/member-config.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';
import { walkbackOn } from '../support/patroni/recoverable-member.ts';

/** A recovery of three members waits for many of Patroni's loops. */
const RECOVERY_MS = 900_000;

let cluster: PatroniTestCluster | undefined;

beforeAll(async () => {
  cluster = await startPatroniCluster();
  if (cluster === undefined) return;
  const leader = await cluster.leader();
  await leader.sql('CREATE TABLE t (i int)');
  await on(leader, ['backup', 'take']);
});
afterAll(async () => cluster?.[Symbol.asyncDispose]());

describe('a cluster of three', { timeout: RECOVERY_MS }, () => {
  let id = '';

  it('goes back to just before a transaction: every member has the rows of then, on the new timeline', async ({
    skip,
  }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    await leader.sql('INSERT INTO t VALUES (1), (2)');
    const xid = await transaction(leader, 'DELETE FROM t');
    // What is stored of a password that is set once more is other, and Patroni's own are set by the recovery.
    const own = `ALTER ROLE replicator PASSWORD '${PASSWORDS.replicator}'`;
    await leader.sql(`INSERT INTO t VALUES (3); CREATE ROLE newcomer LOGIN; ${own}`);
    await archiveAll(leader);
    const ran = await on(leader, ['recover', 'run', '--before-xid', xid, '--yes', '--json']);
    const facts: unknown = expect.objectContaining({ otherRoles: 'newcomer (not there)' });
    expect(ran['journal']).toContainEqual(expect.objectContaining({ event: 'done', step: 'replay', facts }));
    id = String(ran['id']);
    await expectEverywhere([1, 2], 2);
    expect(await isPaused(leader)).toBe(false);
  });

  it('is up again as recovered when the data from before do not open, and the undo is given up', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    const version = join(`${leader.dataDirectory}.walkback`, id, 'kept', 'PG_VERSION');
    const was = await readFile(version);
    await writeFile(version, '9.6\n');
    const { code, err } = await walkbackOn(cluster, leader, ['undo', id, '--yes']);
    expect(code).not.toBe(0);
    expect(err).toContain(`walkback recover run ${id}`);
    await on(leader, ['recover', 'run', id, '--yes']);
    await writeFile(version, was);
    await expectEverywhere([1, 2], 2);
    expect(await isPaused(leader)).toBe(false);
  });

  it('comes back from it', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    await leader.sql('INSERT INTO t VALUES (4)');
    await on(leader, ['undo', id, '--yes']);
    await expectEverywhere([3], 3);
    expect(await isPaused(leader)).toBe(false);
  });

  it('goes forth to the line that was left, by its number; writes that were held may go on, everywhere', async ({
    skip,
  }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    await archiveAll(leader);
    const run = ['recover', 'run', '--to-latest', '--timeline', '2', '--hold-writes', '--yes', '--json'];
    const { journal } = await on(leader, run);
    expect(journal).toContainEqual(
      expect.objectContaining({ event: 'done', step: 'holdWrites', facts: expect.objectContaining({ held: true }) }),
    );
    await expectEverywhere([1, 2, 4], 4);
    for (const member of cluster.members)
      expect(await member.sql('SHOW default_transaction_read_only')).toEqual([
        { default_transaction_read_only: 'off' },
      ]);
  });
});

describe('a member that is dead meanwhile', { timeout: RECOVERY_MS }, () => {
  it('is named, and does not bring the rows back when it comes back', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    const [dead] = await cluster.replicas();
    if (dead === undefined) throw new Error('there is no replica');
    await leader.sql('INSERT INTO t VALUES (5)');
    const rows = await rowsOf(leader);
    const timeline = (await timelineOf(leader)) + 1;
    const xid = await transaction(leader, 'TRUNCATE t');
    await until('the replica has seen it', async () => (await rowsOf(dead)).length === 0);
    await dead.kill();
    await archiveAll(leader);
    const { out } = await walkbackOn(cluster, leader, ['recover', 'run', '--before-xid', xid, '--yes']);
    expect(out).toContain(dead.name);
    expect(out).toContain('patronictl reinit');
    const others = cluster.members.filter((member) => member !== dead);
    await expectEverywhere(rows, timeline, others);
    dead.start();
    await cluster.untilHealthy();
    await expectEverywhere(rows, timeline);
  });
});

async function on(member: PatroniMember, args: readonly string[]): Promise<Record<string, unknown>> {
  if (cluster === undefined) throw new Error('there is no cluster');
  const { code, out, err } = await walkbackOn(cluster, member, args);
  if (code !== 0)
    throw new Error(`walkback ${args.join(' ')} ended with ${code}:\n${out}\n${err}\n${await cluster.logTails()}`);
  return args.includes('--json') ? (JSON.parse(out) as Record<string, unknown>) : {};
}

async function transaction(member: PatroniMember, text: string): Promise<string> {
  const client = await member.connect();
  try {
    await client.query('BEGIN');
    await client.query(text);
    const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
    await client.query('COMMIT');
    return rows[0]?.xid ?? '';
  } finally {
    await client.end();
  }
}

/** A plan looks in the archive. */
async function archiveAll(member: PatroniMember): Promise<void> {
  const [row] = await member.sql<{ segment: string }>(
    'SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS segment, pg_switch_wal()',
  );
  const archived = async (): Promise<boolean> =>
    ((await member.sql<{ last: string }>('SELECT last_archived_wal AS last FROM pg_stat_archiver'))[0]?.last ?? '') >=
    (row?.segment ?? '');
  await until(`${row?.segment} is archived`, archived, 120_000);
}

async function rowsOf(member: PatroniMember): Promise<number[]> {
  return (await member.sql<{ i: number }>('SELECT i FROM t ORDER BY i')).map(({ i }) => i);
}

async function isPaused(member: PatroniMember): Promise<boolean> {
  return (await member.status())?.pause === true;
}

async function timelineOf(member: PatroniMember | undefined): Promise<number> {
  const rows = await member?.sql<{ timeline: number }>('SELECT timeline_id AS timeline FROM pg_control_checkpoint()');
  return rows?.[0]?.timeline ?? 0;
}

async function expectEverywhere(
  rows: readonly number[],
  timeline: number,
  members = cluster?.members ?? [],
): Promise<void> {
  expect(await timelineOf(await cluster?.untilHealthy(members))).toBe(timeline);
  for (const member of members) expect([member.name, await rowsOf(member)]).toEqual([member.name, rows]);
}
