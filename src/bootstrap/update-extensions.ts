/**
 * Extensions of data that `pg_upgrade` has taken over: it keeps each at the version it had, whose library the new major may not
 * have. Where there is a way to the version that the new one installs, it is gone; what stays behind is told.
 *
 * Source: PostgreSQL manual, "pg_upgrade" (Post-upgrade processing), "ALTER EXTENSION"; Spilo `major_upgrade/pg_upgrade.py`
 * (`update_extensions`).
 *
 * @module
 */

import { messageOf } from '../base/failure.ts';
import type { Connection } from '../instance/connection.ts';
import { quoteIdentifier } from '../instance/quote-sql.ts';

/** One extension of one database whose version is not the installed one. */
export interface ExtensionUpdate {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Why it stays as it was; `undefined` if it is updated. */
  readonly problem: string | undefined;
}

/** From before version 5 to it `pg_partman` asks for steps by hand. Source: Spilo, as above. */
const PARTMAN = { name: 'pg_partman', byHandBefore: 5 };

const QUERY = `select e.extname as name, e.extversion as "from", a.default_version as "to", exists (
    select from pg_catalog.pg_extension_update_paths(e.extname) way
    where way.source = e.extversion and way.target = a.default_version and way.path is not null
  ) as "hasWay"
  from pg_catalog.pg_extension e join pg_catalog.pg_available_extensions a on a.name = e.extname
  where a.default_version <> e.extversion order by 1`;

async function problemOf(
  connection: Connection,
  name: string,
  from: string,
  hasWay: boolean,
): Promise<string | undefined> {
  if (name === PARTMAN.name && Number.parseInt(from, 10) < PARTMAN.byHandBefore) return 'it has to be updated by hand';
  if (!hasWay) return 'what is installed has no way there';
  try {
    await connection.query(`alter extension ${quoteIdentifier(name)} update`);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Updates those of one database. @returns all that were not at the installed version. @throws {Failure} if it cannot be asked. */
export async function updateExtensions(connection: Connection): Promise<ExtensionUpdate[]> {
  const updates: ExtensionUpdate[] = [];
  for (const { name, from, to, hasWay } of await connection.query(QUERY)) {
    const [named, before, after] = [name ?? '', from ?? '', to ?? ''];
    const problem = await problemOf(connection, named, before, hasWay === 't');
    updates.push({ name: named, from: before, to: after, problem });
  }
  return updates;
}

/** `pg_stat_statements of shop: 1.10 to 1.12` */
export function extensionWords({ name, from, to, problem }: ExtensionUpdate, database: string): string {
  const stays = problem === undefined ? `${from} to ${to}` : `stays at ${from}, not ${to}: ${problem}`;
  return `${name} of ${database}: ${stays}`;
}
