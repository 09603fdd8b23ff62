/**
 * The roles of a cluster as the environment names them: made where they are absent, and given their passwords and rights
 * anew where they are there. A restored cluster has the passwords of the backup's time.
 *
 * Roles of applications are not here: `create-user-db` makes those.
 *
 * Source: Spilo `scripts/post_init.sh`; Patroni `patroni/postgresql/bootstrap.py` (`create_or_update_role`) for what keeps
 * passwords out of logs.
 *
 * @module
 */

import type { PlannedUser, PlannedUsers } from '../container/container-plan.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { connect, queryText, type Connection, type ConnectionSettings } from '../instance/connection.ts';
import { scramVerifier } from '../instance/scram-verifier.ts';
import { quoteIdentifier, quoteText } from '../postgres/quote-sql.ts';

/** What was done. */
export interface MadeRoles {
  readonly created: readonly string[];
  readonly updated: readonly string[];
  /** Databases that were prepared for monitoring. */
  readonly databases: readonly string[];
  /** What could not be prepared of databases, and why; every role is made all the same. */
  readonly warnings: readonly string[];
}

/** A commit does not wait for replicas, and nobody else's schemas are searched. */
const PARAMETERS = { synchronous_commit: 'local', search_path: 'pg_catalog', statement_timeout: 0 };
/** Neither a log nor a statistics view gets to see what follows. */
const QUIET = `
  SET standard_conforming_strings = on;
  SET log_statement TO none; SET log_min_duration_statement TO -1; SET log_min_error_statement TO 'panic';
  SET log_duration TO off; SET pg_stat_statements.track_utility TO 'off'; SET pgaudit.log TO none`;
/** Spilo's group of people that administrate, without a login of its own. */
const ADMIN_GROUP = 'admin';
const OPTION =
  /^(?:(?:no)?(?:superuser|createdb|createrole|inherit|login|replication|bypassrls)|connection limit -?\d{1,6})$/i;
/** Without those that an interrupted DROP DATABASE has left: nobody can connect to them (`DATCONNLIMIT_INVALID_DB`). */
const DATABASES = 'SELECT datname FROM pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY datname';

interface Role {
  readonly name: string;
  readonly options: readonly string[];
  readonly password: string | undefined;
  /** One that is there stays as it is. */
  readonly onlyIfAbsent?: true;
}

function ofUser({ name, password, options }: PlannedUser): Role {
  const wrong = options.find((option) => !OPTION.test(option));
  if (wrong !== undefined) {
    throw new Failure('usage', {
      message: `cannot make the role ${name}: ${JSON.stringify(wrong)} is no option of a role`,
      remedy: 'Options are createdb, createrole, login and the like, each with or without "no" in front.',
    });
  }
  const isLogin = !options.some((option) => /^nologin$/i.test(option));
  return { name, options: isLogin ? ['LOGIN', ...options] : options, password: password?.reveal() };
}

function rolesOf({ superuser, replication, others, human }: PlannedUsers): Role[] {
  const nobody = ['NOCREATEDB', 'NOLOGIN', 'NOCREATEROLE', 'NOSUPERUSER', 'NOREPLICATION', 'INHERIT'];
  const hasAdmin = others.some(({ name }) => name === ADMIN_GROUP);
  return [
    { name: superuser.name, options: ['LOGIN', 'SUPERUSER'], password: superuser.password.reveal() },
    { name: replication.name, options: ['LOGIN', 'REPLICATION'], password: replication.password.reveal() },
    ...others.map(ofUser),
    ...(hasAdmin
      ? []
      : [{ name: ADMIN_GROUP, options: ['NOLOGIN', 'CREATEDB'], password: undefined, onlyIfAbsent: true } as const]),
    ...(human === '' ? [] : [{ name: human, options: nobody, password: undefined }]),
  ];
}

async function passwordClause(connection: Connection, password: string | undefined): Promise<string> {
  if (password === undefined) return '';
  const isScram = (await queryText(connection, 'SHOW password_encryption')) === 'scram-sha-256';
  const kept = isScram ? scramVerifier(password) : undefined;
  return ` PASSWORD ${quoteText(kept ?? password)}`;
}

async function makeRole(connection: Connection, role: Role): Promise<'created' | 'updated' | 'left'> {
  const rows = await connection.query('SELECT 1 AS one FROM pg_roles WHERE rolname = $1', [role.name]);
  const isThere = rows.length > 0;
  if (isThere && role.onlyIfAbsent === true) return 'left';
  const clause = await passwordClause(connection, role.password);
  const what = `${quoteIdentifier(role.name)} WITH ${role.options.join(' ')}${clause}`;
  await connection.query(`${isThere ? 'ALTER' : 'CREATE'} ROLE ${what}`);
  return isThere ? 'updated' : 'created';
}

/** What monitoring and administration need in one database. Extensions only where the server has loaded them. */
async function prepareDatabase(connection: Connection): Promise<void> {
  await connection.query(`GRANT EXECUTE ON FUNCTION pg_catalog.pg_switch_wal() TO ${quoteIdentifier(ADMIN_GROUP)}`);
  const loaded = (await queryText(connection, "SELECT current_setting('shared_preload_libraries')"))
    .split(',')
    .map((name) => name.trim());
  if (!loaded.includes('pg_stat_statements')) return;
  await connection.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public');
}

/** One database that is in no state for it fails neither a bootstrap nor those behind it. */
async function prepareDatabases(
  settings: ConnectionSettings,
  names: readonly string[],
): Promise<Pick<MadeRoles, 'databases' | 'warnings'>> {
  const [databases, warnings]: [string[], string[]] = [[], []];
  for (const database of names) {
    try {
      await using connection = await connect({ ...settings, database });
      await prepareDatabase(connection);
      databases.push(database);
    } catch (error) {
      warnings.push(`could not prepare the database ${JSON.stringify(database)} for monitoring: ${messageOf(error)}`);
    }
  }
  return { databases, warnings };
}

/**
 * Makes them. Done again, it changes nothing but passwords that have changed.
 *
 * @throws {Failure} `refused` if the server is in recovery; what a query about roles throws.
 */
export async function makeRoles(settings: ConnectionSettings, users: PlannedUsers): Promise<MadeRoles> {
  const own = { ...settings, parameters: PARAMETERS };
  const made: Record<'created' | 'updated' | 'left', string[]> = { created: [], updated: [], left: [] };
  let names: string[];
  {
    await using connection = await connect(own);
    if ((await queryText(connection, 'SELECT pg_is_in_recovery()')) === 't') {
      throw new Failure('refused', {
        message: 'cannot make the roles of the cluster: the server is in recovery',
        remedy: 'Run it on the leader.',
      });
    }
    await connection.query(QUIET);
    for (const role of rolesOf(users)) made[await makeRole(connection, role)].push(role.name);
    names = (await connection.query(DATABASES)).flatMap(({ datname }) => datname ?? []);
  }
  return { created: made.created, updated: made.updated, ...(await prepareDatabases(own, names)) };
}
