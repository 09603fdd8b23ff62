/**
 * WAL of every kind, written by a real server: small transactions, bulk loads, all index types, DDL, vacuum, savepoints,
 * prepared transactions, images of pages after checkpoints. Repeatable in kind and order by a seed.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Random } from './random.ts';
import { startPostgres, type TestServer } from './postgres.ts';

/** What to write. */
export interface MixedWalOptions {
  readonly major: number;
  readonly random: Random;
  readonly sizeMib: number;
  readonly walSegmentSizeMib?: number;
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The share of small transactions, as a bank's clerks make them; a third otherwise. */
  readonly smallShare?: number;
}

/** The segments, in order, all of them full; the server is stopped. Disposing removes all. */
export interface MixedWal extends AsyncDisposable {
  readonly folder: string;
  readonly segments: readonly string[];
}

const SCHEMA = [
  'CREATE TABLE accounts (aid int PRIMARY KEY, bid int, balance int, filler char(84))',
  'CREATE TABLE tellers (tid int PRIMARY KEY, balance int) WITH (fillfactor = 50)',
  'CREATE TABLE entries (tid int, aid int, delta int, at timestamptz, filler char(22))',
  'CREATE TABLE documents (id int, body text, tags int[], place point, facts jsonb)',
  'CREATE SEQUENCE numbers',
  "INSERT INTO accounts SELECT i, i % 10, 0, '' FROM generate_series(1, 20000) i",
  'INSERT INTO tellers SELECT i, 0 FROM generate_series(1, 100) i',
  `CREATE PROCEDURE clerks(turns int) LANGUAGE plpgsql AS $body$
     DECLARE a int; t int;
     BEGIN FOR i IN 1..turns LOOP
       a := 1 + (random() * 19999)::int; t := 1 + (random() * 99)::int;
       UPDATE accounts SET balance = balance + i WHERE aid = a;
       UPDATE tellers SET balance = balance + i WHERE tid = t;
       INSERT INTO entries VALUES (t, a, i, now(), '');
       COMMIT;
     END LOOP; END $body$`,
];

const ROWS = `SELECT i, repeat(md5(i::text), 1 + i % 4), ARRAY[i, i % 97], point(i % 360, i % 180), jsonb_build_object('n', i)`;
const LARGE = "SELECT string_agg(md5((i * 7)::text), '') FROM generate_series(1, 400) i";

/** Statements to be sent one by one on one connection. */
const KINDS: readonly (readonly string[])[] = [
  [`INSERT INTO documents ${ROWS} FROM generate_series(1, 4000) i`],
  [`CREATE TABLE copied AS ${ROWS} FROM generate_series(1, 3000) i`, 'DROP TABLE copied'],
  [
    "COPY accounts TO PROGRAM 'cat > accounts.copy'",
    'CREATE TABLE other (LIKE accounts)',
    "COPY other FROM PROGRAM 'cat accounts.copy'",
    'DROP TABLE other',
  ],
  ["UPDATE documents SET body = body || 'x' WHERE id % 5 = 0"],
  ['UPDATE documents SET id = id + 1 WHERE id % 11 = 0'],
  ['DELETE FROM documents WHERE id % 7 = 3'],
  ['CREATE INDEX b ON documents (id)', 'DELETE FROM documents WHERE id % 13 = 5', 'VACUUM documents', 'DROP INDEX b'],
  [
    'CREATE INDEX h ON documents USING hash (id)',
    `INSERT INTO documents ${ROWS} FROM generate_series(1, 500) i`,
    'DROP INDEX h',
  ],
  [
    'CREATE INDEX g ON documents USING gin (tags)',
    `INSERT INTO documents ${ROWS} FROM generate_series(1, 300) i`,
    'VACUUM documents',
    'DROP INDEX g',
  ],
  [
    'CREATE INDEX s ON documents USING gist (place)',
    `INSERT INTO documents ${ROWS} FROM generate_series(1, 300) i`,
    'DROP INDEX s',
  ],
  [
    'CREATE INDEX p ON documents USING spgist (place)',
    `INSERT INTO documents ${ROWS} FROM generate_series(1, 300) i`,
    'DROP INDEX p',
  ],
  [
    'CREATE INDEX r ON documents USING brin (id)',
    `INSERT INTO documents ${ROWS} FROM generate_series(1, 300) i`,
    'DROP INDEX r',
  ],
  [
    'BEGIN',
    'SAVEPOINT a',
    `INSERT INTO documents ${ROWS} FROM generate_series(1, 50) i`,
    'ROLLBACK TO a',
    'SAVEPOINT b',
    'UPDATE tellers SET balance = 0',
    'COMMIT',
  ],
  ['BEGIN', 'UPDATE tellers SET balance = 1 WHERE tid = 5', "PREPARE TRANSACTION 'one'", "COMMIT PREPARED 'one'"],
  ['BEGIN', 'UPDATE tellers SET balance = 1 WHERE tid = 6', "PREPARE TRANSACTION 'two'", "ROLLBACK PREPARED 'two'"],
  [
    'BEGIN',
    'SELECT * FROM tellers WHERE tid < 20 FOR UPDATE',
    'SAVEPOINT a',
    'SELECT * FROM tellers WHERE tid < 20 FOR SHARE',
    'COMMIT',
  ],
  [`INSERT INTO documents (id, body) VALUES (0, (${LARGE}))`],
  ["SELECT count(nextval('numbers')) FROM generate_series(1, 200)"],
  ['ALTER TABLE documents ALTER COLUMN id TYPE bigint', 'ALTER TABLE documents ALTER COLUMN id TYPE int'],
  ['TRUNCATE entries'],
  ['VACUUM (FREEZE) documents', 'VACUUM FULL tellers'],
  ['CHECKPOINT', "UPDATE accounts SET filler = 'y' WHERE aid % 50 = 0"],
  ["SELECT pg_logical_emit_message(true, 'prefix', repeat('m', 30000))"],
  [
    'CREATE TABLE short (a int UNIQUE)',
    'INSERT INTO short VALUES (1) ON CONFLICT DO NOTHING',
    'INSERT INTO short VALUES (1) ON CONFLICT DO NOTHING',
    'DROP TABLE short',
  ],
  ['DELETE FROM documents', 'VACUUM documents'],
];

async function oneStep(server: TestServer, random: Random, smallShare: number): Promise<void> {
  const client = await server.connect();
  try {
    const statements = random.chance(smallShare) ? ['CALL clerks(1500)'] : random.pick(KINDS);
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

async function position(server: TestServer): Promise<{ bytes: number; file: string }> {
  const [row] = await server.sql<{ bytes: string; file: string }>(
    // The insert position: with synchronous_commit off, the one that is written lags, and may not have left the segment.
    "SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes, pg_walfile_name(pg_current_wal_insert_lsn()) AS file",
  );
  if (row === undefined) throw new Error('the server has no position');
  return { bytes: Number(row.bytes), file: row.file };
}

/** Starts a server, writes, stops it. */
export async function writeMixedWal(options: MixedWalOptions): Promise<MixedWal> {
  const { major, random, sizeMib, walSegmentSizeMib, settings, smallShare = 0.35 } = options;
  const server = await startPostgres({
    major,
    ...(walSegmentSizeMib !== undefined && { walSegmentSizeMib }),
    settings: {
      max_prepared_transactions: 5,
      track_commit_timestamp: 'on',
      synchronous_commit: 'off',
      shared_buffers: "'128MB'",
      wal_keep_size: "'20GB'",
      max_wal_size: "'1GB'",
      ...settings,
    },
  });
  try {
    const start = (await position(server)).bytes;
    for (const statement of SCHEMA) await server.sql(statement);
    while ((await position(server)).bytes - start < sizeMib * 1024 * 1024) await oneStep(server, random, smallShare);
    await server.sql('SELECT pg_switch_wal()');
    await server.sql('INSERT INTO tellers VALUES (1000, 0)');
    const { file } = await position(server);
    await server.stop();
    const folder = join(server.dataDirectory, 'pg_wal');
    const names = (await readdir(folder)).filter((name) => /^[0-9A-F]{24}$/.test(name) && name < file);
    return { folder, segments: names.toSorted(), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
