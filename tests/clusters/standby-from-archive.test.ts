/**
 * A standby cluster that follows an archive and no server: Patroni asks `walkback replica create` with nobody to copy from, and
 * with a key that tells no system yet.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { quoted, until } from '../support/archived-cluster.ts';
import { startPatroniCluster } from '../support/patroni/patroni-cluster.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { PROGRAM } from '../support/walkback-process.ts';

let source: Recoverable;
let environment: string;

beforeAll(async () => {
  source = await startRecoverable({ major: 16, settings: { track_commit_timestamp: 'on' } });
  await source.server.sql('create table orders as select generate_series(1, 100) as id');
  await archiveTail(source.uses);
  environment = await mkdtemp(join(tmpdir(), 'walkback-standby-'));
  await writeFile(join(environment, 'WALKBACK_ARCHIVE'), `file://${source.archive}`, { mode: 0o600 });
});
afterAll(async () => {
  await rm(environment, { recursive: true, force: true });
  await source[Symbol.asyncDispose]();
});

/** As the container has it for `STANDBY_WALG_…_PREFIX` without `STANDBY_HOST`. */
function standbyOf(folder: string) {
  const walkback = `${quoted(PROGRAM)} --env-dir ${quoted(folder)}`;
  return {
    dynamic: {
      standby_cluster: {
        create_replica_methods: ['bootstrap_standby_with_wale', 'basebackup'],
        restore_command: `${walkback} wal fetch "%f" "%p"`,
      },
    },
    overrides: {
      postgresql: {
        bootstrap_standby_with_wale: { command: `${walkback} replica create --follow-archive`, no_leader: 1 },
      },
    },
  };
}

describe('a standby cluster with an archive and no server to follow', { timeout: 600_000 }, () => {
  it('is made of the archive, and goes on with what is archived later', async ({ skip }) => {
    await using cluster = await startPatroniCluster({ members: 1, isLeftStopped: true, ...standbyOf(environment) });
    const [member] = cluster?.members ?? [];
    if (cluster === undefined || member === undefined) return skip();
    const has = (rows: number) => async () => {
      const [row] = await member.sql<{ n: number }>('select count(*)::int as n from orders').catch(() => []);
      return row?.n === rows;
    };
    member.start();
    await until('it has the rows of the archive', has(100), 120_000, 500).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await cluster.logTails(60)}`, { cause: error });
    });
    expect(await member.log()).toMatch(/replica has been created using bootstrap_standby_with_wale/);
    expect(await member.sql('select pg_is_in_recovery() as is')).toEqual([{ is: true }]);
    await source.server.sql('insert into orders values (101)');
    await archiveTail(source.uses);
    await until('it has what was archived since', has(101), 60_000, 500);
    await until('it leads the standby cluster', async () => (await member.request('/standby-leader')).status === 200);
  });
});
