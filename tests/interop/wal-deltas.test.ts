/**
 * Deltas of wal-g that go by its map of changed blocks (`WALG_USE_WAL_DELTA`): its wal-push writes `_delta` objects beside the
 * segments, and its backup-push takes from them and from later segments what has changed, without reading the files.
 *
 * It wants the segment in which the backup starts in the archive by then, which is so on a replica. Of PostgreSQL 15 and later wal-g
 * 3.0.9 cannot read images of pages in WAL (their flags have other bits since): it writes no `_delta` object for a segment with one,
 * and its backup-push reads the files after all.
 */

import { appendFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ROOT } from '../support/archived-cluster.ts';
import { archiveAll, untilTrue } from '../support/backup-server.ts';
import { runProgram, serverAt, startPostgres, type TestServer } from '../support/postgres.ts';
import { amcheckProblems, restoreByWrapper, writeWrapper } from '../support/walg-programs.ts';

const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so deltas by its map of changed blocks are not tested here');

/** A `_delta` object describes so many segments, and exists when all of them have been pushed. */
const SEGMENTS_OF_A_DELTA = 16;
const SUM = `select md5(string_agg(t::text, ',' order by i, note)) as sum from t`;

/** Changes few blocks in each of so many segments that one boundary of `_delta` objects is passed. */
async function work(server: TestServer): Promise<void> {
  for (let segment = 0; segment <= SEGMENTS_OF_A_DELTA; segment += 1) {
    await server.sql(`update t set note = md5(note) where i % 4000 = ${segment}`);
    await server.sql(`insert into t select i, md5(i::text) from generate_series(1, 200) i`);
    await server.sql('select pg_switch_wal()');
  }
  await archiveAll(server);
}

/** Makes a replica of a server, which stops for that, and goes on; the replica replays from the archive. */
async function replicaOf(server: TestServer, root: string, wrapper: string): Promise<TestServer> {
  await server.stop();
  await cp(server.dataDirectory, join(root, 'data'), { recursive: true });
  await server.start();
  await mkdir(join(root, 'sock'));
  const lines = [`unix_socket_directories = '${root}/sock'`, `restore_command = '${wrapper} wal-fetch "%f" "%p"'`];
  await appendFile(join(root, 'data/postgresql.conf'), `${lines.join('\n')}\n`);
  await writeFile(join(root, 'data/standby.signal'), '');
  const replica = serverAt(root, server.major);
  await replica.start();
  return replica;
}

describe.skipIf(WALG === undefined)('a delta that wal-g took by the _delta objects of its wal-push', () => {
  it.each([
    [14, 'Successfully loaded delta map'],
    [18, 'Fallback to full scan delta backup'],
  ] as const)('of PostgreSQL %i is restored with the WAL beside them (%s)', async (major, saying) => {
    const root = await mkdtemp(join(tmpdir(), 'walkback-wal-delta-'));
    try {
      const archive = join(root, 'archive');
      await mkdir(archive);
      const place = { WALG_FILE_PREFIX: archive, HOME: root };
      const wrapperFor = async (name: string) =>
        writeWrapper(join(root, `${name}.sh`), WALG ?? '', {
          ...place,
          WALG_COMPRESSION_METHOD: 'zstd',
          WALG_DELTA_MAX_STEPS: '3',
          WALG_USE_WAL_DELTA: 'true',
          PGHOST: join(root, name, 'sock'),
          PGUSER: 'postgres',
          PGDATABASE: 'postgres',
          PGDATA: join(root, name, 'data'),
        });
      const theirs = await wrapperFor('live');
      await using server = await startPostgres({
        major,
        root: join(root, 'live'),
        settings: { archive_mode: 'on', archive_command: `'${theirs} wal-push "%p"'` },
      });
      await server.sql('create extension amcheck');
      await server.sql('create table t as select i, md5(i::text) as note from generate_series(1, 40000) i');
      await server.sql('create index on t (note)');
      await work(server);
      await runProgram(theirs, ['backup-push', server.dataDirectory]);
      const theirsOfReplica = await wrapperFor('replica');
      await using replica = await replicaOf(server, join(root, 'replica'), theirsOfReplica);
      await work(server);
      await server.sql('create table later as select 1 as i');
      await server.sql('checkpoint');
      await archiveAll(server);
      await untilTrue(replica, `to_regclass('later') is not null`);
      await replica.sql('checkpoint');
      const said = await runProgram(theirsOfReplica, ['backup-push', replica.dataDirectory]);
      expect(said).toContain(saying);
      const deltas = (await readdir(join(archive, 'wal_005'))).filter((name) => name.includes('_delta'));
      expect(deltas.length > 0).toBe(major < 15);
      await server.sql('update t set note = md5(note) where i % 300 = 1');
      const held = await server.sql(SUM);
      await archiveAll(server);
      await server.stop();

      const ours = await writeWrapper(join(root, 'ours.sh'), join(ROOT, 'bin/wal-g'), place);
      expect(await runProgram(ours, ['backup-list'])).toMatch(/^base_[0-9A-F]{24}_D_[0-9A-F]{24} /m);
      const restored = await restoreByWrapper(join(root, 'restored'), ours, { major });
      try {
        expect(await restored.sql(SUM)).toEqual(held);
        expect(await restored.sql('select i from later')).toEqual([{ i: 1 }]);
        expect(await amcheckProblems(restored)).toEqual([]);
      } finally {
        await restored.stop('immediate');
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
