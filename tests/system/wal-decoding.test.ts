import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findMoment } from '../../src/history/find-moment.ts';
import { readTimelines } from '../../src/history/timelines.ts';
import type { RecoveryTarget } from '../../src/postgres/recovery-target.ts';
import { listArchivedWal } from '../../src/history/archived-wal.ts';
import { scanWal } from '../../src/history/scan.ts';
import { nextChosenSegment } from '../../src/history/segment-choice.ts';
import { parseControlFile } from '../../src/postgres/control-file.ts';
import { formatLsn, parseLsn, type Lsn } from '../../src/postgres/lsn.ts';
import { isTransactionEnd, type TransactionEnded, type WalEvent } from '../../src/postgres/wal-records/wal-event.ts';
import { WalReader } from '../../src/postgres/wal-records/wal-reader.ts';
import { openStore } from '../../src/storage/open.ts';
import { MAJORS, startPostgres, type TestServer } from '../support/postgres.ts';
import { archiveWalOf } from '../support/wal-archive.ts';

const WALDUMP = '/usr/lib/postgresql/15/bin/pg_waldump';
const LINE = { timeline: 1, ancestors: [] };
const SIZES_MIB = [1, 16];

/** What SQL did, as SQL itself says. */
interface Done {
  readonly xid: number;
  readonly kind: TransactionEnded['kind'];
  readonly subxids?: readonly number[];
  readonly subxidCount?: number;
}

async function one(client: pg.Client, text: string): Promise<string> {
  const { rows } = await client.query<Record<string, unknown>>(text);
  return String(Object.values(rows[0] ?? {})[0]);
}

const currentXid = async (client: pg.Client): Promise<number> =>
  Number(await one(client, 'SELECT pg_current_xact_id()::xid::text'));

async function plainTransactions(client: pg.Client, done: Done[]): Promise<void> {
  await client.query('CREATE TABLE t (id serial, filler text)');
  for (const [ending, kind] of [
    ['COMMIT', 'commit'],
    ['ROLLBACK', 'abort'],
  ] as const) {
    await client.query('BEGIN');
    await client.query('INSERT INTO t (filler) SELECT repeat($$x$$, 500) FROM generate_series(1, 3000)');
    done.push({ xid: await currentXid(client), kind, subxids: [] });
    await client.query(ending);
  }
}

async function subtransactions(client: pg.Client, done: Done[]): Promise<void> {
  await client.query('BEGIN');
  const top = await currentXid(client);
  const kept: number[] = [];
  for (const [name, isKept] of [
    ['a', true],
    ['b', false],
    ['c', true],
  ] as const) {
    await client.query(`SAVEPOINT ${name}`);
    await client.query(`INSERT INTO t (filler) VALUES ($$${name}$$)`);
    const xid = Number(await one(client, `SELECT xmin::text FROM t WHERE filler = $$${name}$$`));
    if (isKept) kept.push(xid);
    else done.push({ xid, kind: 'abort', subxids: [] });
    await client.query(isKept ? `RELEASE ${name}` : `ROLLBACK TO ${name}; RELEASE ${name}`);
  }
  await client.query('COMMIT');
  done.push({ xid: top, kind: 'commit', subxids: kept });
  await client.query('BEGIN');
  await client.query(`DO $body$ BEGIN FOR i IN 1..150 LOOP BEGIN INSERT INTO t (filler) VALUES ('many');
    IF i % 3 = 0 THEN RAISE EXCEPTION 'back'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END $body$`);
  done.push({ xid: await currentXid(client), kind: 'commit', subxidCount: 100 });
  await client.query('COMMIT');
}

async function preparedTransactions(client: pg.Client, done: Done[]): Promise<{ gid: string; xid: number }[]> {
  const prepared: { gid: string; xid: number }[] = [];
  // One is left prepared and keeps its locks, so it has a table of its own.
  await client.query('CREATE TABLE p (filler text)');
  const endings = [
    ['COMMIT', 'commitPrepared'],
    ['ROLLBACK', 'abortPrepared'],
    [undefined, undefined],
  ] as const;
  for (const [ending, kind] of endings) {
    const gid = `${ending ?? 'left'} ${'g'.repeat(150)}`;
    await client.query('BEGIN');
    await client.query('SAVEPOINT s');
    await client.query(`INSERT INTO p (filler) VALUES ($$${gid}$$)`);
    await client.query('RELEASE s');
    const xid = await currentXid(client);
    await client.query(`PREPARE TRANSACTION '${gid}'`);
    prepared.push({ gid, xid });
    if (ending === undefined) continue;
    await client.query(`${ending} PREPARED '${gid}'`);
    done.push({ xid, kind, subxidCount: 1 });
  }
  return prepared;
}

async function filesAndSettings(server: TestServer, client: pg.Client): Promise<string> {
  const location = join(server.root, 'tablespace');
  await mkdir(location);
  await client.query(`CREATE TABLESPACE ts LOCATION '${location}'`);
  await client.query('CREATE DATABASE d1');
  await client.query('DROP DATABASE d1');
  await client.query('DROP TABLESPACE ts');
  await client.query('CREATE INDEX ON t (id)');
  await client.query('ALTER TABLE t ALTER COLUMN filler TYPE varchar(600)');
  await client.query('DROP TABLE IF EXISTS nothing');
  await client.query("SELECT pg_create_restore_point('before the release')");
  await client.query("SELECT pg_logical_emit_message(false, 'big', repeat('m', 2500000))");
  return location;
}

async function work(server: TestServer) {
  const done: Done[] = [];
  const client = await server.connect();
  await plainTransactions(client, done);
  await subtransactions(client, done);
  const prepared = await preparedTransactions(client, done);
  const location = await filesAndSettings(server, client);
  const xids = done.filter(({ kind }) => kind === 'commit' || kind === 'commitPrepared').map(({ xid }) => xid);
  const { rows } = await client.query<{ xid: string; us: string }>(
    `SELECT x AS xid, (extract(epoch FROM pg_xact_commit_timestamp(x::text::xid)) * 1000000)::bigint::text AS us
       FROM unnest($1::text[]) AS x`,
    [xids.map(String)],
  );
  const times = new Map(rows.map(({ xid, us }) => [Number(xid), BigInt(us)]));
  await client.query('ALTER SYSTEM SET max_connections = 37');
  await client.end();
  await server.stop();
  await server.start();
  return { done, prepared, location, times };
}

describe.each(MAJORS)('WAL of PostgreSQL %i', (major) => {
  describe.each(SIZES_MIB)('in segments of %i MiB', (walSegmentSizeMib) => {
    let server: TestServer;
    let folder: string;
    let sql: Awaited<ReturnType<typeof work>>;
    let events: WalEvent[];
    let started: Lsn;

    beforeAll(async () => {
      const settings = {
        max_prepared_transactions: 5,
        track_commit_timestamp: 'on',
        wal_keep_size: "'512MB'",
        max_wal_size: "'1GB'",
        autovacuum: 'off',
      };
      server = await startPostgres({ major, walSegmentSizeMib, settings });
      folder = await mkdtemp(join(tmpdir(), 'walkback-wal-'));
      const [row] = await server.sql<{ at: string }>('SELECT pg_current_wal_lsn()::text AS at');
      started =
        parseLsn(row?.at ?? '') ??
        (() => {
          throw new Error('no position');
        })();
      sql = await work(server);
      await archiveWalOf(server, folder);
      events = await readEvents();
    });

    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    async function readEvents(): Promise<WalEvent[]> {
      const store = await openStore({ kind: 'file', path: folder });
      const wal = await listArchivedWal(store);
      expect(wal).toMatchObject({ majorVersion: major, segmentSizeBytes: walSegmentSizeMib * 1024 * 1024 });
      const fromLsn = nextChosenSegment(wal, LINE, 0n)?.startLsn ?? started;
      const scan = scanWal({ store, wal, line: LINE, fromLsn });
      const all = await Array.fromAsync(scan);
      expect(scan.end?.kind).toBe('endOfArchive');
      return all.filter(({ lsn }) => lsn >= started);
    }

    const ends = () => events.filter(isTransactionEnd);
    const ofKind = <Kind extends WalEvent['kind']>(kind: Kind) =>
      events.filter((event): event is Extract<WalEvent, { kind: Kind }> => event.kind === kind);

    it('tells how each transaction ended, with its subtransactions', () => {
      for (const { xid, kind, subxids, subxidCount } of sql.done) {
        const found = ends().filter((end) => end.xid === xid);
        expect(
          found.map((end) => end.kind),
          `transaction ${xid}`,
        ).toEqual([kind]);
        const children = found[0]?.subxids;
        expect(children, `transaction ${xid}`).toEqual(subxids ?? children);
        expect(children?.length, `transaction ${xid}`).toBe(subxidCount ?? children?.length);
      }
    });

    it('tells each commit time as the server does, to the microsecond', () => {
      expect(sql.times.size).toBeGreaterThan(3);
      for (const [xid, timeUs] of sql.times) {
        if (sql.prepared.some((prepared) => prepared.xid === xid)) continue;
        expect(ends().find((end) => end.xid === xid)?.timeUs, `transaction ${xid}`).toBe(timeUs);
      }
    });

    it('tells what was prepared, under which name', () => {
      expect(ofKind('prepare').map(({ gid, xid, subxids }) => [gid, xid, subxids.length])).toEqual(
        sql.prepared.map(({ gid, xid }) => [gid, xid, 1]),
      );
    });

    it('names the top transaction of many subtransactions', () => {
      const many = sql.done.find(({ subxidCount }) => subxidCount === 100);
      expect(
        ofKind('assignment')
          .filter(({ topXid }) => topXid === many?.xid)
          .flatMap(({ subxids }) => subxids),
      ).toHaveLength(128);
    });

    it('tells tablespaces and databases that came and went', () => {
      expect(ofKind('tablespaceCreate').map(({ path }) => path)).toEqual([sql.location]);
      const [created] = ofKind('tablespaceCreate');
      expect(ofKind('tablespaceDrop').map(({ tablespaceOid }) => tablespaceOid)).toEqual([created?.tablespaceOid]);
      const [database] = ofKind('databaseCreate');
      expect(ofKind('databaseDrop').map(({ databaseOid }) => databaseOid)).toEqual([database?.databaseOid]);
    });

    it('tells restore points, checkpoints and changed parameters', () => {
      expect(ofKind('restorePoint').map(({ name }) => name)).toEqual(['before the release']);
      expect(ofKind('checkpoint').some(({ isShutdown }) => isShutdown)).toBe(true);
      expect(ofKind('parameterChange').at(-1)).toMatchObject({ walLevel: 'replica', settings: { maxConnections: 37 } });
    });

    it('agrees with the control file', async () => {
      const control = parseControlFile(await readFile(join(server.dataDirectory, 'global', 'pg_control')));
      expect(control).toMatchObject({ majorVersion: major, maxConnections: 37, walLevel: 'replica', timeline: 1 });
      expect(control.walSegmentSizeBytes).toBe(walSegmentSizeMib * 1024 * 1024);
      expect(ofKind('checkpoint').map(({ lsn }) => lsn)).toContain(control.checkpointLsn);
    });

    async function find(target: RecoveryTarget) {
      const store = await openStore({ kind: 'file', path: folder });
      const wal = await listArchivedWal(store);
      const timelines = await readTimelines(store, wal);
      const backup = { name: 'b', timeline: 1, startLsn: started, finishLsn: started };
      const backups = [{ ...backup, startedAt: new Date(0), finishedAt: new Date(0) }];
      return findMoment({ store, wal, timelines, line: LINE, backups, target });
    }

    const xidTarget = (xid: number, inclusive = true) => ({ kind: 'xid', xid, inclusive }) as const;

    it('refuses a committed subtransaction as a target, naming its top one', async () => {
      const { xid, subxids = [] } = sql.done.find((ended) => (ended.subxids?.length ?? 0) > 0) ?? {};
      await expect(find(xidTarget(subxids[0] ?? 0, false))).rejects.toMatchObject({
        kind: 'refused',
        remedy: expect.stringContaining(`--to-xid ${xid} --exclusive`),
      });
    });

    it('refuses a transaction that is still prepared, and says how to keep it or not', async () => {
      const left = ofKind('prepare').at(-1);
      const position = formatLsn(left?.lsn ?? started);
      await expect(find(xidTarget(left?.xid ?? 0))).rejects.toMatchObject({
        remedy: `With it prepared:\n    walkback recover plan --to-lsn ${position}\nWithout it:\n    walkback recover plan --to-lsn ${position} --exclusive`,
      });
    });

    it('stops before a database is closed for good, not before its files go or the commit of its drop', async () => {
      const [drop] = ofKind('databaseDrop');
      const found = await find(xidTarget(drop?.xid ?? 0, false));
      expect(found).toMatchObject({ inclusive: false, databaseDrops: [], stopsAt: { kind: 'databaseInvalid' } });
      expect(found.targetLsn).toBeLessThan(drop?.lsn ?? 0n);
      expect(found.firstLost?.xid).toBe(drop?.xid);
      expect(found.notes[0]).toContain('drops a database');
      expect((await find(xidTarget(drop?.xid ?? 0))).databaseDrops).toHaveLength(1);
    });

    it('stops at a rollback, a restore point and the end, and tells what is met on the way', async () => {
      const aborted = sql.done.find(({ kind }) => kind === 'abort');
      expect((await find(xidTarget(aborted?.xid ?? 0))).notes[0]).toContain('was rolled back');
      const byName = await find({ kind: 'name', name: 'before the release' });
      expect(byName).toMatchObject({ targetLsn: ofKind('restorePoint')[0]?.lsn, inclusive: true });
      expect(byName.tablespaceChanges.map(({ kind }) => kind)).toEqual(['tablespaceCreate', 'tablespaceDrop']);
      const left = sql.prepared.at(-1);
      expect(byName.preparedAtTarget.map(({ xid, gid }) => [xid, gid])).toEqual([[left?.xid, left?.gid]]);
      const latest = await find({ kind: 'latest' });
      expect(latest).toMatchObject({ lost: { count: 0 }, requiredSettings: { maxConnections: 37 } });
      expect(latest.hotStandbyFromLsn).toBeDefined();
    });

    it.skipIf(major !== 15 || !existsSync(WALDUMP))('is the same as pg_waldump reads', async () => {
      const store = await openStore({ kind: 'file', path: folder });
      const wal = await listArchivedWal(store);
      const first = nextChosenSegment(wal, LINE, 0n);
      const all = new Set(Array.from({ length: 22 }, (_, id) => id));
      const reader = new WalReader({
        line: LINE,
        segmentSizeBytes: wal.segmentSizeBytes,
        systemIdentifier: wal.systemIdentifier,
        wanted: all,
      });
      const ours: string[] = [];
      for (let segment = first; segment !== undefined; segment = nextChosenSegment(wal, LINE, segment.index + 1n)) {
        const bytes = await readFile(join(folder, 'wal_005', segment.fileName));
        for (const { lsn, xid } of reader.read({ ...segment, bytes })) ours.push(`${formatLsn(lsn)} ${xid}`);
      }
      const dump = spawnSync(WALDUMP, ['-p', join(folder, 'wal_005'), '-s', formatLsn(first?.startLsn ?? started)], {
        encoding: 'utf8',
        maxBuffer: 1 << 30,
      }).stdout;
      const lines = [...dump.matchAll(/tx: +(\d+), lsn: ([0-9A-F]+)\/([0-9A-F]+), .*? desc: ([^\n]*)/g)];
      const theirs = lines.map(([, xid, high, low]) => `${high}/${(low ?? '').replace(/^0+(?=.)/, '')} ${xid}`);
      expect(ours.length).toBeGreaterThan(1000);
      expect(ours).toEqual(theirs);
      const theirEnds = lines
        .filter(([, , , , text]) => /^(COMMIT|ABORT)/.test(text ?? ''))
        .map(([, , high, low]) => parseLsn(`${high}/${low}`));
      expect(ends().map(({ lsn }) => lsn)).toEqual(theirEnds.filter((lsn) => lsn !== undefined && lsn >= started));
    });
  });
});

if (!existsSync(WALDUMP)) console.warn(`skipped: comparison with pg_waldump; ${WALDUMP} is not on this machine`);
