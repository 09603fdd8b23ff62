/**
 * Collations that order text otherwise than when the data were written: the library of the host they lie on now has another
 * version than that of the host they came from. Indexes on text are then wrong: rows are not found, and come twice.
 *
 * PostgreSQL 14 keeps versions of the collations of each database; since 15 it keeps that of the database itself as well. `C`
 * and `POSIX` have none.
 *
 * Source: PostgreSQL `src/backend/utils/adt/pg_locale.c` (`get_collation_actual_version`), `src/include/catalog/pg_database.h`.
 *
 * @module
 */

import type { Connection } from './connection.ts';

/** Since then a database has a version. */
const DATABASES_SINCE = 150_000;

const OF_COLLATIONS = `
  select format('collation %I', collname) as what, collversion as then, pg_collation_actual_version(oid) as now
  from pg_collation where collversion <> pg_collation_actual_version(oid) order by collname limit 5`;
const OF_DATABASES = `
  select format('database %I', datname) as what, datcollversion as then, pg_database_collation_actual_version(oid) as now
  from pg_database where datcollversion <> pg_database_collation_actual_version(oid) order by datname limit 5`;

/** Some of them, as `database shop (2.31, now 2.36)`; none if all are as they were. */
export async function otherCollations(connection: Connection): Promise<string[]> {
  const [version] = await connection.query('show server_version_num');
  const hasDatabases = Number(version?.['server_version_num']) >= DATABASES_SINCE;
  const rows = [
    ...(hasDatabases ? await connection.query(OF_DATABASES) : []),
    ...(await connection.query(OF_COLLATIONS)),
  ];
  return rows.map(({ what, then, now }) => `${what} (${then}, now ${now})`);
}
