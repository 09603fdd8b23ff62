import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { CatalogFile } from '../../src/postgres/wal-records/catalog-files.ts';
import type { CatalogChange } from '../../src/postgres/wal-records/catalog-change.ts';
import type { TransactionEnded } from '../../src/postgres/wal-records/wal-event.ts';
import { buildSegmentIndex, indexRecord } from '../../src/wal-index/build-segment-index.ts';
import { encodeSegmentIndex } from '../../src/wal-index/encode.ts';
import type { FileWork, IndexEvent, SegmentIndex, XidWork } from '../../src/wal-index/segment-index.ts';
import { MAJORS, startPostgres, type TestServer } from '../support/postgres.ts';
import { archiveWalOf } from '../support/wal-archive.ts';

/** Each major with another way of writing its records: what is counted must not depend on it. */
const SETTINGS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  14: { wal_level: 'replica', wal_compression: 'on' },
  15: { wal_level: 'logical', wal_compression: 'off' },
  16: { wal_level: 'replica', wal_compression: 'off', wal_consistency_checking: "'heap,heap2'" },
  17: { wal_level: 'logical', wal_compression: 'pglz' },
  18: { wal_level: 'replica', wal_compression: 'pglz' },
};

type Counts = Omit<FileWork, 'file' | 'hotUpdated'>;
const NO_ROWS: Counts = { inserted: 0, updated: 0, deleted: 0, movedOut: 0, insertedAfterMove: 0 };

/** Rows changed in one table after another, each in a file that no other statement writes to. */
const ROWS: readonly { readonly table: string; readonly statements: readonly string[]; readonly counts: Counts }[] = [
  {
    table: 'plain',
    statements: [
      'INSERT INTO plain SELECT g, md5(g::text) FROM generate_series(1, 3000) g',
      'CHECKPOINT',
      "UPDATE plain SET v = v || 'x' WHERE id % 3 = 0",
      'DELETE FROM plain WHERE id % 10 = 0',
      'BEGIN; SELECT * FROM plain WHERE id < 50 FOR UPDATE; COMMIT',
      'VACUUM (FREEZE) plain',
    ],
    counts: { ...NO_ROWS, inserted: 3000, updated: 1000, deleted: 300 },
  },
  {
    table: 'upserted',
    statements: [
      "INSERT INTO upserted SELECT g, 'a' FROM generate_series(1, 20) g ON CONFLICT DO NOTHING",
      "INSERT INTO upserted SELECT g, 'b' FROM generate_series(11, 30) g ON CONFLICT (id) DO UPDATE SET v = excluded.v",
    ],
    counts: { ...NO_ROWS, inserted: 30, updated: 10 },
  },
  {
    table: 'part_low',
    statements: [
      "INSERT INTO parted SELECT g, 'a' FROM generate_series(0, 99) g",
      'UPDATE parted SET id = id + 100 WHERE id < 25',
    ],
    counts: { ...NO_ROWS, inserted: 100, movedOut: 25 },
  },
  { table: 'part_high', statements: [], counts: { ...NO_ROWS, inserted: 25, insertedAfterMove: 25 } },
  {
    table: 'saved',
    statements: [
      "BEGIN; INSERT INTO saved VALUES (1, ''); SAVEPOINT a; INSERT INTO saved VALUES (2, ''); ROLLBACK TO a; INSERT INTO saved VALUES (3, ''); COMMIT",
    ],
    // Rolled back or not: that is told by how each transaction ended.
    counts: { ...NO_ROWS, inserted: 3 },
  },
];

const DEFINITIONS = [
  'ALTER TABLE renamed RENAME TO renamed_once',
  'TRUNCATE truncated',
  'VACUUM FULL pg_class',
  'CREATE TABLE after_full (id int)',
  'ALTER TABLE after_full RENAME TO after_all',
  'BEGIN; ALTER TABLE renamed_once RENAME TO not_this; TRUNCATE truncated; ROLLBACK',
  'CHECKPOINT',
  'ALTER TABLE renamed_once RENAME TO renamed_twice',
  'VACUUM FULL pg_namespace',
  'CREATE SCHEMA late',
  'CREATE TABLE late.born (id int)',
  'ANALYZE truncated',
  'GRANT SELECT ON after_all TO PUBLIC',
  'VACUUM pg_class',
];

const OLD_ROW_KEPT_BYTES = 256;

/** Rows of naming catalogs by their place, put together as whoever follows the catalogs does. */
class CatalogPlaces {
  readonly #rows = new Map<string, { data: Buffer; totalBytes: number }>();
  unknownOldRows = 0;

  take(change: CatalogChange): void {
    const key = (block: number, offset: number) => `${change.catalog}/${change.databaseOid}/${block}/${offset}`;
    if (change.kind === 'catalogRows') {
      for (const { offset, data, totalBytes } of change.rows)
        this.#rows.set(key(change.block, offset), { data, totalBytes });
    } else if (change.kind === 'catalogUpdate') {
      const old = this.#rows.get(key(change.oldBlock, change.oldOffset));
      const { prefixBytes, suffixBytes, data = Buffer.alloc(0) } = change;
      if (old === undefined && prefixBytes + suffixBytes > 0) this.unknownOldRows += 1;
      const prefix = old?.data.subarray(0, prefixBytes) ?? Buffer.alloc(0);
      const suffix = old?.data.subarray(old.totalBytes - suffixBytes) ?? Buffer.alloc(0);
      const row = Buffer.concat([prefix, data, suffix]).subarray(0, OLD_ROW_KEPT_BYTES);
      this.#rows.set(key(change.block, change.offset), {
        data: row,
        totalBytes: prefixBytes + data.length + suffixBytes,
      });
    }
  }

  at(catalog: string, databaseOid: number, ctid: string): Buffer | undefined {
    return this.#rows.get(`${catalog}/${databaseOid}/${ctid.slice(1, -1).replace(',', '/')}`)?.data;
  }
}

const nameIn = (row: Buffer): string => row.toString('latin1', 4, 68).replace(/\0+$/u, '');

/** Everything in the archive, records over borders included. */
async function readAll(
  folder: string,
  catalogFiles: readonly CatalogFile[],
): Promise<{ events: IndexEvent[]; work: XidWork[]; catalogFiles: readonly CatalogFile[] }> {
  const events: IndexEvent[] = [];
  const work: XidWork[] = [];
  let open: { tail: NonNullable<SegmentIndex['tail']>; bytes: Buffer } | undefined;
  for (const fileName of (await readdir(join(folder, 'wal_005'))).toSorted()) {
    const bytes = await readFile(join(folder, 'wal_005', fileName));
    const index = buildSegmentIndex({ fileName, bytes }, { catalogFiles });
    expect(index.stop, fileName).toBeUndefined();
    if (open !== undefined) {
      open.bytes = Buffer.concat([open.bytes, index.head.bytes]);
      if (open.bytes.length === open.tail.totalBytes) {
        const { lsn } = open.tail;
        const record = indexRecord(open.bytes, lsn, index.first?.lsn ?? lsn, 1, index.major, { catalogFiles });
        events.push(...record.events);
        work.push(...record.work);
        open = undefined;
      }
    }
    events.push(...index.events);
    work.push(...index.work);
    if (index.tail !== undefined) open = { tail: index.tail, bytes: index.tail.bytes };
  }
  return { events, work, catalogFiles };
}

describe.each(MAJORS)('the WAL index of PostgreSQL %i', (major) => {
  let server: TestServer;
  let client: pg.Client;
  let folder: string;
  let databaseOid: number;
  let filenodes: Map<string, number>;
  let relations: { ctid: string; oid: number; relname: string; relfilenode: number; relkind: string }[];
  let schemas: { ctid: string; oid: number; nspname: string }[];
  let dropped: { filenode: number; oid: number };
  let all: Awaited<ReturnType<typeof readAll>>;

  const filenodeOf = async (table: string): Promise<{ filenode: number; oid: number }> => {
    const text = `SELECT relfilenode::int AS filenode, oid::int FROM pg_class WHERE relname = '${table}'`;
    const [row] = (await client.query<{ filenode: number; oid: number }>(text)).rows;
    return row ?? { filenode: 0, oid: 0 };
  };

  beforeAll(async () => {
    const settings = { ...SETTINGS[major], wal_keep_size: "'512MB'", autovacuum: 'off' };
    server = await startPostgres({ major, walSegmentSizeMib: 1, settings });
    folder = await mkdtemp(join(tmpdir(), 'walkback-index-'));
    client = await server.connect();
    await client.query('CHECKPOINT');
    for (const table of ['plain', 'upserted', 'saved', 'renamed', 'truncated', 'dropped']) {
      await client.query(`CREATE TABLE ${table} (id int PRIMARY KEY, v text)`);
    }
    await client.query(`CREATE TABLE parted (id int, v text) PARTITION BY RANGE (id);
      CREATE TABLE part_low PARTITION OF parted FOR VALUES FROM (0) TO (100);
      CREATE TABLE part_high PARTITION OF parted FOR VALUES FROM (100) TO (200)`);
    for (const { statements } of ROWS) for (const statement of statements) await client.query(statement);
    filenodes = new Map();
    for (const { table } of ROWS) filenodes.set(table, (await filenodeOf(table)).filenode);
    dropped = await filenodeOf('dropped');
    await client.query('DROP TABLE dropped');
    for (const statement of DEFINITIONS) await client.query(statement);
    const { rows: databases } = await client.query(
      'SELECT oid::int FROM pg_database WHERE datname = current_database()',
    );
    databaseOid = Number(databases[0]?.oid);
    relations = (await client.query('SELECT ctid::text, oid::int, relname, relfilenode::int, relkind FROM pg_class'))
      .rows;
    schemas = (await client.query('SELECT ctid::text, oid::int, nspname FROM pg_namespace')).rows;
    await archiveWalOf(server, folder);
    const [moved] = (
      await client.query<{ pg_class: number; pg_namespace: number }>(
        'SELECT pg_relation_filenode(1259)::int AS pg_class, pg_relation_filenode(2615)::int AS pg_namespace',
      )
    ).rows;
    const file = (filenode = 0) => ({ tablespaceOid: 1663, databaseOid, filenode });
    all = await readAll(folder, [
      { catalog: 'pg_class', file: file(moved?.pg_class) },
      { catalog: 'pg_namespace', file: file(moved?.pg_namespace) },
    ]);
  });

  afterAll(async () => {
    await client.end();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(ROWS)('counts the rows of $table as SQL did', ({ table, counts }) => {
    const total = { ...NO_ROWS };
    const filenode = filenodes.get(table);
    for (const file of all.work.flatMap(({ files }) => files)) {
      if (file.file.databaseOid !== databaseOid || file.file.filenode !== filenode) continue;
      total.inserted += file.inserted;
      total.updated += file.updated;
      total.deleted += file.deleted;
      total.movedOut += file.movedOut;
      total.insertedAfterMove += file.insertedAfterMove;
    }
    expect(total).toEqual(counts);
  });

  it('holds every row of pg_class and pg_namespace at its place, as the server has it', () => {
    const places = new CatalogPlaces();
    for (const event of all.events) {
      if (event.kind === 'catalogRows' || event.kind === 'catalogUpdate') places.take(event);
    }
    expect(places.unknownOldRows).toBe(0);
    const kindOffset = major >= 18 ? 119 : 115;
    const found = relations.map(({ ctid }) => {
      const row = places.at('pg_class', databaseOid, ctid);
      if (row === undefined) return { ctid };
      const relkind = String.fromCodePoint(row[kindOffset] ?? 0);
      return { ctid, oid: row.readUInt32LE(0), relname: nameIn(row), relfilenode: row.readUInt32LE(88), relkind };
    });
    expect(found).toEqual(relations);
    const foundSchemas = schemas.map(({ ctid }) => {
      const row = places.at('pg_namespace', databaseOid, ctid);
      return row === undefined ? { ctid } : { ctid, oid: row.readUInt32LE(0), nspname: nameIn(row) };
    });
    expect(foundSchemas).toEqual(schemas);
  });

  it('tells the files and the relations that a commit dropped or changed', () => {
    const drops = all.events.filter(
      (event): event is TransactionEnded =>
        event.kind === 'commit' && event.droppedFiles.some(({ filenode }) => filenode === dropped.filenode),
    );
    expect(drops).toHaveLength(1);
    const relation = { databaseOid, oid: dropped.oid };
    expect(drops[0]?.databaseOid).toBe(databaseOid);
    expect(drops[0]?.invalidatedOids).toContainEqual(relation);
    if (major >= 15) expect(drops[0]?.droppedOids).toContainEqual(relation);
    else expect(drops[0]?.droppedOids).toEqual([]);
  });

  it('tells where the mapped catalogs went', () => {
    const maps = all.events.flatMap((event) => (event.kind === 'relationMap' ? [event] : []));
    const pgClass = maps.at(-1)?.files.find(({ oid }) => oid === 1259);
    expect(pgClass?.filenode).toBeGreaterThan(16_384);
    expect(maps.at(-1)?.databaseOid).toBe(databaseOid);
  });

  it('is the same to the byte as what the reference makes, with rewritten catalogs known and not', async () => {
    const names = await readdir(join(folder, 'wal_005'));
    expect(names.length).toBeGreaterThan(1);
    for (const fileName of names) {
      const bytes = await readFile(join(folder, 'wal_005', fileName));
      for (const catalogFiles of [[], all.catalogFiles]) {
        const [made, reference] = [false, true].map((isPlain) =>
          encodeSegmentIndex(buildSegmentIndex({ fileName, bytes }, { catalogFiles, isPlain })),
        );
        expect(reference !== undefined && made?.equals(reference), fileName).toBe(true);
      }
    }
  });
});
