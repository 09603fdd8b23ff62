import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { listArchivedWal } from '../../src/history/archived-wal.ts';
import { NameBook } from '../../src/history/names/name-book.ts';
import { readSegmentIndexes } from '../../src/history/segment-indexes.ts';
import type {
  DefinitionChange,
  LoggedTransaction,
  RelationChange,
} from '../../src/history/transactions/logged-transaction.ts';
import { readTransactions } from '../../src/history/transactions/read-transactions.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import { openStore } from '../../src/storage/open.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';
import { CASES, SETUP, type StatementCase } from '../support/statement-cases.ts';
import { archiveWalOf } from '../support/wal-archive.ts';

const SERVERS = [
  { major: 14, level: 'replica' },
  { major: 18, level: 'logical' },
  { major: 18, level: 'replica' },
];
const LINE = { timeline: 1, ancestors: [] };

/** Numbers of the transactions of a case: all from the first to before the last. */
interface XidRange {
  readonly from: number;
  readonly to: number;
}

async function numberOf(client: pg.Client, expression: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`SELECT ${expression}::text AS n`);
  return Number(rows[0]?.n);
}

const nextXid = (client: pg.Client) => numberOf(client, 'pg_snapshot_xmax(pg_current_snapshot())');

async function run(client: pg.Client, one: StatementCase): Promise<XidRange> {
  const from = await nextXid(client);
  if (one.isSolo !== true) await client.query('BEGIN');
  for (const sql of one.sql) await client.query(sql);
  if (one.isSolo === true) return { from, to: await nextXid(client) };
  const xid = await numberOf(client, 'pg_current_xact_id()');
  for (const ending of (one.ending ?? 'COMMIT').split('; ')) await client.query(ending);
  return { from: xid, to: xid + 1 };
}

function rowsText(change: RelationChange): string {
  const parts = [
    ['+', change.inserted],
    ['~', change.updated],
    ['-', change.deleted],
    ['in', change.movedIn],
    ['out', change.movedOut],
  ] as const;
  return parts.flatMap(([mark, count]) => (count === 0 ? [] : [`${mark}${count}`])).join(' ');
}

function definitionText({ kind, relation, name, rows }: DefinitionChange): string {
  const parts = [kind, name ?? relation?.name, rows, relation?.isUnlogged === true ? 'unlogged' : undefined];
  return parts.filter((part) => part !== undefined).join(' ');
}

describe.each(SERVERS)('the transactions of PostgreSQL $major at wal_level=$level', ({ major, level }) => {
  let server: TestServer;
  let folder: string;
  let list: LoggedTransaction[];
  const ranges = new Map<StatementCase, XidRange>();
  const cases = CASES.filter(({ since = 0 }) => major >= since);
  const of = (one: StatementCase): LoggedTransaction[] => {
    const { from, to } = ranges.get(one) ?? { from: 0, to: 0 };
    return list.filter(({ xid, outcome }) => xid >= from && xid < to && outcome !== 'abort');
  };

  beforeAll(async () => {
    const settings = { wal_level: level, max_prepared_transactions: 5, wal_keep_size: "'512MB'", autovacuum: 'off' };
    server = await startPostgres({ major, walSegmentSizeMib: 1, settings });
    folder = await mkdtemp(join(tmpdir(), 'walkback-transactions-'));
    const client = await server.connect();
    for (const sql of SETUP) await client.query(sql);
    for (const one of cases) ranges.set(one, await run(client, one));
    await client.query('BEGIN');
    await client.query('INSERT INTO t VALUES (9000)');
    await client.query("PREPARE TRANSACTION 'left'");
    await client.end();
    await archiveWalOf(server, folder);
    list = await readList();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function readList(): Promise<LoggedTransaction[]> {
    const store = await openStore({ kind: 'file', path: folder });
    const wal = await listArchivedWal(store);
    const fromLsn = lsn((wal.segments.get(1)?.[0]?.firstIndex ?? 0n) * BigInt(wal.segmentSizeBytes));
    const names = new NameBook();
    const catalogFiles = () => names.catalogFiles();
    const indexes = readSegmentIndexes({ store, wal, line: LINE, fromLsn, workerCount: 0, catalogFiles });
    const scan = readTransactions({ indexes, names, line: LINE });
    const found = await Array.fromAsync(scan);
    expect(scan.end?.kind).toBe('endOfArchive');
    await store.close();
    return found;
  }

  it.each(cases)('show $name', (one) => {
    const found = of(one);
    const isRolledBack = one.ending === 'ROLLBACK';
    expect(found.length).toBeGreaterThanOrEqual(isRolledBack || one.isSolo === true ? 0 : 1);
    const rows = found
      .flatMap(({ changes }) => changes)
      .map((change) => [change.relation?.name ?? '?', rowsText(change)]);
    const expected = Object.entries(one.rows ?? {});
    const anyCount = new Map(expected.filter(([, text]) => text.endsWith('%')));
    const shown = rows.map(([table = '', text = '']) => [table, anyCount.has(table) ? text.replace(/\d+/, '%') : text]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(expected));
    const definitions = found.flatMap((transaction) => transaction.definitions.map(definitionText)).toSorted();
    expect(definitions).toEqual([...(one.definitions ?? [])].toSorted());
    if (one.subxidCount !== undefined) expect(found[0]?.subxids).toHaveLength(one.subxidCount);
    expect(found.filter(({ isIncomplete }) => isIncomplete)).toEqual([]);
  });

  it('end with what is still prepared', () => {
    expect(list.at(-1)).toMatchObject({ outcome: 'prepared', gid: 'left', changes: [{ inserted: 1 }] });
  });
});
