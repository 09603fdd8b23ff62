/**
 * Statements of every kind, and how a list of transactions should show each.
 *
 * @module
 */

/** Counts that are not zero, by table: `+3 ~2 -1 in4 out5`. */
export type RowsByTable = Readonly<Record<string, string>>;

/** One transaction, or commands outside of blocks, that may take several. */
export interface StatementCase {
  readonly name: string;
  readonly sql: readonly string[];
  /** Cannot run in a block. */
  readonly isSolo?: boolean;
  /** How it ends; COMMIT by default. */
  readonly ending?: string;
  readonly since?: number;
  readonly rows?: RowsByTable;
  /** `kind name` or `kind name rows`, sorted. */
  readonly definitions?: readonly string[];
  /** Number of committed subtransactions. */
  readonly subxidCount?: number;
}

/** What the cases find. Not looked at itself. */
export const SETUP: readonly string[] = [
  'CREATE TABLE t (id int PRIMARY KEY, n int, body text)',
  'CREATE INDEX t_n ON t (n)',
  'INSERT INTO t SELECT g, g, NULL FROM generate_series(1, 400) AS g',
  'CREATE TABLE copied (id int)',
  'CREATE TABLE parts (id int, k int, body text) PARTITION BY RANGE (k)',
  'CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (10)',
  'CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (10) TO (20)',
  'CREATE TABLE parts_c PARTITION OF parts FOR VALUES FROM (20) TO (30)',
  'ALTER TABLE parts_b ALTER body SET STORAGE EXTERNAL',
  'INSERT INTO parts SELECT g, g % 10, NULL FROM generate_series(1, 50) AS g',
  "INSERT INTO parts SELECT g, 0, repeat('wide', 2000) FROM generate_series(51, 55) AS g",
  'CREATE TABLE child (id int REFERENCES t)',
  'CREATE UNLOGGED TABLE scratch (id int)',
  'CREATE SEQUENCE numbers',
  'CREATE MATERIALIZED VIEW sums AS SELECT n % 10 AS k, sum(id) AS s FROM t GROUP BY 1',
  'CREATE UNIQUE INDEX sums_k ON sums (k)',
  'CREATE TABLE victim (id int, body text)',
  'INSERT INTO victim SELECT g FROM generate_series(1, 30) AS g',
  'CREATE TABLE serials (id serial)',
  'CREATE TABLE full1 (id int)',
  'INSERT INTO full1 SELECT g FROM generate_series(1, 100) AS g',
  'CREATE INDEX full1_id ON full1 (id)',
  'ANALYZE',
];

const WIDE = "(SELECT string_agg(md5(g::text), '') FROM generate_series(1, 300) AS g)";

/** In this order, on one server. */
export const CASES: readonly StatementCase[] = [
  { name: 'INSERT', sql: ['INSERT INTO t VALUES (1001, 1), (1002, 2)'], rows: { t: '+2' } },
  {
    name: 'INSERT … SELECT',
    sql: ['INSERT INTO t SELECT g FROM generate_series(2001, 2500) AS g'],
    rows: { t: '+500' },
  },
  { name: 'COPY', sql: ["COPY copied FROM PROGRAM 'seq 1 1000'"], rows: { copied: '+1000' } },
  { name: 'COPY of one row', sql: ["COPY copied FROM PROGRAM 'echo 1'"], rows: { copied: '+1' } },
  { name: 'UPDATE', sql: ['UPDATE t SET n = n + 1 WHERE id <= 100'], rows: { t: '~100' } },
  { name: 'UPDATE of a value that is no key', sql: ["UPDATE t SET body = 'x' WHERE id <= 10"], rows: { t: '~10' } },
  { name: 'DELETE', sql: ['DELETE FROM t WHERE id > 2400'], rows: { t: '-100' } },
  {
    name: 'UPDATE that moves rows to other partitions, and inserts into them',
    sql: [
      'INSERT INTO parts VALUES (100, 12), (101, 22)',
      'UPDATE parts SET k = 15 WHERE id <= 5',
      'INSERT INTO parts VALUES (102, 25)',
      'UPDATE parts SET k = k + 20 WHERE id BETWEEN 6 AND 8',
      'UPDATE parts SET k = k + 10, body = body WHERE id BETWEEN 51 AND 53',
    ],
    rows: { parts_a: 'out11', parts_b: '+1 in8', parts_c: '+2 in3' },
  },
  {
    name: 'ON CONFLICT',
    sql: [
      'INSERT INTO t VALUES (1, 1), (3001, 1) ON CONFLICT DO NOTHING',
      'INSERT INTO t VALUES (2, 1), (3002, 1) ON CONFLICT (id) DO UPDATE SET n = 0',
    ],
    rows: { t: '+2 ~1' },
  },
  {
    name: 'MERGE',
    since: 15,
    sql: [
      'MERGE INTO t USING (VALUES (1), (2), (4001)) AS s (id) ON t.id = s.id WHEN MATCHED AND s.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 9 WHEN NOT MATCHED THEN INSERT VALUES (s.id)',
    ],
    rows: { t: '+1 ~1 -1' },
  },
  { name: 'SELECT FOR UPDATE', sql: ['SELECT FROM t WHERE id < 50 FOR UPDATE'] },
  { name: 'a foreign key’s check', sql: ['INSERT INTO child VALUES (3), (4)'], rows: { child: '+2' } },
  { name: 'large values', sql: [`INSERT INTO t VALUES (5001, 1, ${WIDE})`], rows: { t: '+1' } },
  { name: 'an update of large values', sql: [`UPDATE t SET body = ${WIDE} || 'x' WHERE id = 5001`], rows: { t: '~1' } },
  { name: 'a delete of large values', sql: ['DELETE FROM t WHERE id = 5001'], rows: { t: '-1' } },
  { name: 'nextval', sql: ["SELECT nextval('numbers')"] },
  { name: 'a large object', sql: ["SELECT lo_from_bytea(0, repeat('x', 5000)::bytea)"], definitions: ['largeObjects'] },
  { name: 'rows of an unlogged table', sql: ['INSERT INTO scratch VALUES (1)', 'UPDATE scratch SET id = 2'] },
  {
    name: 'a temporary table',
    sql: [
      'CREATE TEMP TABLE temporary (id int PRIMARY KEY)',
      'INSERT INTO temporary VALUES (1)',
      'DROP TABLE temporary',
    ],
  },
  {
    name: 'CREATE TABLE',
    sql: ['CREATE TABLE made (id int PRIMARY KEY, body text)'],
    definitions: ['create made', 'create made_pkey'],
  },
  {
    name: 'CREATE UNLOGGED TABLE',
    sql: ['CREATE UNLOGGED TABLE made_unlogged (id int)', 'INSERT INTO made_unlogged VALUES (1)'],
    definitions: ['create made_unlogged unlogged'],
  },
  {
    name: 'CREATE TABLE AS',
    sql: ['CREATE TABLE made_as AS SELECT g FROM generate_series(1, 77) AS g'],
    definitions: ['createAs made_as 77'],
  },
  {
    name: 'COPY FREEZE into a new table',
    sql: [
      'CREATE TABLE frozen (id int)',
      "COPY frozen FROM PROGRAM 'seq 1 50' (FREEZE)",
      'DELETE FROM frozen WHERE id <= 5',
    ],
    rows: { frozen: '-5' },
    definitions: ['createAs frozen 50'],
  },
  {
    name: 'CREATE MATERIALIZED VIEW',
    sql: ['CREATE MATERIALIZED VIEW view_made AS SELECT g FROM generate_series(1, 5) AS g'],
    definitions: ['createAs view_made 5'],
  },
  { name: 'CREATE INDEX', sql: ['CREATE INDEX victim_id ON victim (id)'], definitions: ['create victim_id'] },
  { name: 'REINDEX', sql: ['REINDEX INDEX victim_id'], definitions: ['reindex victim_id'] },
  { name: 'CREATE VIEW', sql: ['CREATE VIEW seen AS SELECT id FROM victim'], definitions: ['create seen'] },
  { name: 'DROP VIEW', sql: ['DROP VIEW seen'], definitions: ['drop seen'] },
  {
    name: 'ALTER TABLE with a rewrite',
    sql: ['ALTER TABLE victim ALTER id TYPE bigint'],
    definitions: ['rewrite victim 30'],
  },
  {
    name: 'a rewrite between other changes',
    sql: [
      'DELETE FROM victim WHERE id <= 3',
      'ALTER TABLE victim ALTER id TYPE int',
      'UPDATE victim SET id = 0 WHERE id = 10',
    ],
    rows: { victim: '~1 -3' },
    definitions: ['rewrite victim 27'],
  },
  {
    name: 'ALTER TABLE without a rewrite',
    sql: ['ALTER TABLE victim ADD more int DEFAULT 7'],
    definitions: ['alter victim'],
  },
  { name: 'RENAME', sql: ['ALTER TABLE victim RENAME TO renamed'], definitions: ['rename renamed'] },
  { name: 'rows of a renamed table', sql: ['UPDATE renamed SET id = 0 WHERE id = 11'], rows: { renamed: '~1' } },
  { name: 'RENAME back', sql: ['ALTER TABLE renamed RENAME TO victim'], definitions: ['rename victim'] },
  {
    name: 'SET SCHEMA',
    sql: ['CREATE SCHEMA other', 'ALTER TABLE victim SET SCHEMA other'],
    definitions: ['alter victim'],
  },
  { name: 'SET SCHEMA back', sql: ['ALTER TABLE other.victim SET SCHEMA public'], definitions: ['alter victim'] },
  { name: 'REFRESH', sql: ['REFRESH MATERIALIZED VIEW sums'], definitions: ['refresh sums 11'] },
  { name: 'CLUSTER', sql: ['CLUSTER full1 USING full1_id'], definitions: ['rewrite full1'] },
  { name: 'VACUUM FULL', isSolo: true, sql: ['VACUUM FULL full1'], definitions: ['rewrite full1'] },
  { name: 'VACUUM', isSolo: true, sql: ['DELETE FROM full1', 'VACUUM full1'], rows: { full1: '-100' } },
  { name: 'VACUUM FREEZE', isSolo: true, sql: ['VACUUM FREEZE t'] },
  { name: 'ANALYZE', isSolo: true, sql: ['ANALYZE t'] },
  {
    name: 'REFRESH CONCURRENTLY',
    isSolo: true,
    sql: ['UPDATE t SET n = 1 WHERE n IS NULL', 'REFRESH MATERIALIZED VIEW CONCURRENTLY sums'],
    rows: { t: '~%', sums: '+1 -2' },
  },
  { name: 'TRUNCATE', sql: ['TRUNCATE copied'], definitions: ['truncate copied'] },
  {
    name: 'TRUNCATE between inserts',
    sql: ['INSERT INTO copied VALUES (1), (2)', 'TRUNCATE copied', 'INSERT INTO copied VALUES (3)'],
    rows: { copied: '+3' },
    definitions: ['truncate copied'],
  },
  {
    name: 'TRUNCATE twice',
    sql: ['TRUNCATE copied', 'INSERT INTO copied VALUES (3)', 'TRUNCATE copied'],
    rows: { copied: '+1' },
    definitions: ['truncate copied'],
  },
  {
    name: 'TRUNCATE of a new table',
    sql: ['CREATE TABLE emptied (id int)', 'INSERT INTO emptied VALUES (1)', 'TRUNCATE emptied'],
    definitions: ['createAs emptied 1', 'truncate emptied'],
  },
  {
    name: 'TRUNCATE RESTART IDENTITY of several',
    sql: ['INSERT INTO serials DEFAULT VALUES', 'TRUNCATE serials, copied, parts RESTART IDENTITY'],
    rows: { serials: '+1' },
    definitions: ['truncate copied', 'truncate parts_a', 'truncate parts_b', 'truncate parts_c', 'truncate serials'],
  },
  { name: 'TRUNCATE rolled back', sql: ['TRUNCATE t CASCADE'], ending: 'ROLLBACK' },
  { name: 'rows behind a TRUNCATE rolled back', sql: ['DELETE FROM t WHERE id = 20'], rows: { t: '-1' } },
  {
    name: 'CREATE and DROP in one',
    sql: ['CREATE TABLE passing (id int)', 'INSERT INTO passing VALUES (1)', 'DROP TABLE passing'],
  },
  { name: 'DROP of a table', sql: ['DROP TABLE made_as'], definitions: ['drop made_as'] },
  {
    name: 'DROP of a table with an index, a sequence and TOAST',
    sql: ['DROP TABLE victim, serials'],
    definitions: ['drop serials', 'drop serials_id_seq', 'drop victim', 'drop victim_id'],
  },
  {
    name: 'DROP of a partitioned table',
    sql: ['DROP TABLE parts'],
    definitions: ['drop parts', 'drop parts_a', 'drop parts_b', 'drop parts_c'],
  },
  {
    name: 'savepoints',
    sql: [
      'INSERT INTO t VALUES (6000)',
      'SAVEPOINT a',
      'INSERT INTO t VALUES (6001)',
      'SAVEPOINT b',
      'INSERT INTO t VALUES (6002), (6003)',
      'ROLLBACK TO b',
      'INSERT INTO t VALUES (6004)',
      'RELEASE a',
    ],
    rows: { t: '+3' },
    subxidCount: 2,
  },
  {
    name: 'many subtransactions, a third rolled back',
    sql: [
      `DO $$BEGIN FOR i IN 1..150 LOOP BEGIN INSERT INTO t VALUES (7000 + i);
         IF i % 3 = 0 THEN RAISE EXCEPTION 'back'; END IF; EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END$$`,
    ],
    rows: { t: '+100' },
    subxidCount: 100,
  },
  {
    name: 'a table made in a subtransaction that was rolled back',
    sql: [
      'SAVEPOINT a',
      'CREATE TABLE undone (id int)',
      'INSERT INTO undone VALUES (1)',
      'ROLLBACK TO a',
      'INSERT INTO t VALUES (8000)',
    ],
    rows: { t: '+1' },
  },
  {
    name: 'COMMIT PREPARED',
    sql: [
      'INSERT INTO t VALUES (8001)',
      'SAVEPOINT s',
      'DELETE FROM t WHERE id = 8000',
      'CREATE TABLE made_2pc (id int)',
    ],
    ending: "PREPARE TRANSACTION 'two'; COMMIT PREPARED 'two'",
    rows: { t: '+1 -1' },
    definitions: ['create made_2pc'],
    subxidCount: 1,
  },
  { name: 'a number and nothing else', sql: [] },
  { name: 'CREATE DATABASE', isSolo: true, sql: ['CREATE DATABASE extra'], definitions: ['createDatabase extra'] },
  { name: 'DROP DATABASE', isSolo: true, sql: ['DROP DATABASE extra'], definitions: ['dropDatabase extra'] },
  {
    name: 'VACUUM FULL of pg_class, and names behind it',
    isSolo: true,
    sql: [
      'VACUUM FULL pg_class',
      'TRUNCATE copied',
      'ALTER TABLE copied RENAME TO copied2',
      'INSERT INTO copied2 VALUES (1)',
    ],
    rows: { copied2: '+1' },
    definitions: ['rename copied2', 'truncate copied'],
  },
];
