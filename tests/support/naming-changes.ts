/**
 * Everything that changes what relations are called, or which files they have.
 *
 * @module
 */

import type { TestServer } from './postgres.ts';

/** One change, in its own session. */
export interface NamingChange {
  readonly database?: string;
  /** Statements, each sent by itself: some cannot be in a transaction. */
  readonly statements: readonly string[];
}

const inOne = (...statements: string[]): NamingChange => ({ statements: ['BEGIN', ...statements, 'COMMIT'] });
const undone = (...statements: string[]): NamingChange => ({ statements: ['BEGIN', ...statements, 'ROLLBACK'] });
const each = (...statements: string[]): NamingChange => ({ statements });

/** Made before anything is followed. */
export const BEFORE: readonly NamingChange[] = [
  each(
    'CREATE SCHEMA app',
    'CREATE TABLE t (i int PRIMARY KEY, b text)',
    'CREATE TABLE app.t (i serial, b text)',
    'CREATE TABLE parted (i int, b text) PARTITION BY RANGE (i)',
    'CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10)',
    'CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (10) TO (20)',
    'CREATE TABLE watched (i int)',
    'CREATE MATERIALIZED VIEW m AS SELECT i FROM watched',
    'CREATE UNLOGGED TABLE u (i int, b text)',
    `DO $$ BEGIN FOR n IN 1..40 LOOP EXECUTE format('CREATE TABLE many_%s (i int)', n); END LOOP; END $$`,
    'INSERT INTO t SELECT g, repeat($$x$$, 3000) FROM generate_series(1, 50) g',
  ),
  { database: 'other', statements: ['CREATE TABLE t (i int, b text)', 'CREATE TABLE gone (i int)'] },
];

/** Followed. A database of 14 is copied from its template file by file, of which the WAL does not tell the contents. */
export function namingChanges(major: number): readonly NamingChange[] {
  const copied: readonly NamingChange[] =
    major === 14
      ? [each('CREATE DATABASE third'), { database: 'third', statements: ['CREATE TABLE t (i int, b text)'] }]
      : [each('CREATE DATABASE third TEMPLATE other')];
  return [...CHANGES_BEFORE_COPY, ...copied, ...CHANGES_BEHIND_COPY];
}

const CHANGES_BEFORE_COPY: readonly NamingChange[] = [
  each('TRUNCATE t'),
  inOne('TRUNCATE app.t', 'SAVEPOINT s', 'TRUNCATE app.t', 'RELEASE s', 'INSERT INTO app.t (b) VALUES (1)'),
  inOne('TRUNCATE t', 'SAVEPOINT s', 'ALTER TABLE t RENAME TO never', 'TRUNCATE never', 'ROLLBACK TO s'),
  each('ALTER TABLE many_1 RENAME TO renamed_1'),
  undone('ALTER TABLE many_2 RENAME TO never', 'TRUNCATE never', 'CREATE TABLE not_made (b text)'),
  undone('DROP TABLE many_3'),
  inOne('DROP TABLE many_4', 'CREATE TABLE many_4 (i int, b text)'),
  inOne('CREATE TABLE passing (i int)', 'DROP TABLE passing'),
  each('ALTER TABLE t ALTER COLUMN i TYPE bigint', 'VACUUM FULL t', 'CLUSTER t USING t_pkey', 'REINDEX TABLE t'),
  each('REFRESH MATERIALIZED VIEW m', 'VACUUM', 'ANALYZE'),
  each('ALTER TABLE many_5 SET SCHEMA app', 'ALTER SCHEMA app RENAME TO app2', 'CREATE TABLE app2.fresh (b text)'),
  each(
    'CREATE TABLE parted_3 PARTITION OF parted FOR VALUES FROM (20) TO (30)',
    'ALTER TABLE parted DETACH PARTITION parted_1',
  ),
  each('CREATE INDEX ON parted (i)', 'CREATE VIEW v AS SELECT 1', 'DROP INDEX parted_i_idx'),
  { database: 'other', statements: ['TRUNCATE t', 'DROP TABLE gone', 'CREATE TABLE gone (b text)', 'VACUUM FULL'] },
  each('VACUUM FULL pg_class', 'TRUNCATE t', 'ALTER TABLE many_6 RENAME TO renamed_6', 'CREATE TABLE behind (b text)'),
  each('ALTER TABLE u SET LOGGED', 'ALTER TABLE many_7 SET UNLOGGED'),
  inOne('ALTER TABLE many_8 ADD COLUMN b text', 'GRANT SELECT ON many_9 TO public', 'COMMENT ON TABLE many_9 IS $$x$$'),
  {
    statements: [
      'BEGIN',
      'TRUNCATE many_10',
      'ALTER TABLE many_10 RENAME TO renamed_10',
      `PREPARE TRANSACTION 'p'`,
      `COMMIT PREPARED 'p'`,
    ],
  },
  { statements: ['BEGIN', 'TRUNCATE many_11', `PREPARE TRANSACTION 'q'`, `ROLLBACK PREPARED 'q'`] },
];

const CHANGES_BEHIND_COPY: readonly NamingChange[] = [
  { database: 'third', statements: ['ALTER TABLE t RENAME TO t3', 'CREATE TABLE t (i int)', 'TRUNCATE t3'] },
  each('ALTER DATABASE third RENAME TO renamed', 'CHECKPOINT'),
  { database: 'renamed', statements: ['TRUNCATE t'] },
  each('TRUNCATE t', 'TRUNCATE renamed_1', 'DROP TABLE many_12'),
];

/** Makes one. */
export async function change(server: TestServer, { database, statements }: NamingChange): Promise<void> {
  const client = await server.connect(database);
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
