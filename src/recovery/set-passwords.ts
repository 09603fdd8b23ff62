/**
 * The roles of Patroni's own connections on data of another time: they have the passwords of then, or are not there at all,
 * and Patroni could neither start nor copy such a cluster. Each gets the password that Patroni's configuration says, before
 * the data goes live. Roles of applications stay as they were at the target: that is what was asked for.
 *
 * @module
 */

import type { NeededRole } from '../cluster/patroni-control.ts';
import type { Connection } from '../instance/connection.ts';
import { quoteIdentifier, quoteLiteral } from '../instance/quote-sql.ts';
import { isVerifierOf, newVerifierLike } from '../instance/role-password.ts';
import type { StepFacts } from './journal.ts';

const ATTRIBUTES: Record<NeededRole['purpose'], string> = {
  superuser: 'superuser login',
  replication: 'replication login',
  rewind: 'login',
};

/** Source: patroni/postgresql/bootstrap.py (post_bootstrap), and PostgreSQL's manual, "pg_rewind". */
const REWIND_FUNCTIONS = [
  'pg_ls_dir(text, boolean, boolean)',
  'pg_stat_file(text, boolean)',
  'pg_read_binary_file(text)',
  'pg_read_binary_file(text, bigint, bigint, boolean)',
];

/** A verifier is nearly a password: it must not reach the log of the server. */
const SAY_NOTHING =
  "set log_statement = 'none'; set log_min_duration_statement = -1; set log_min_error_statement = panic; set synchronous_commit = 'local'; set default_transaction_read_only = off";

async function verifierOf(connection: Connection, user: string): Promise<string | null | undefined> {
  const [row] = await connection.query(
    `select rolpassword as verifier from pg_catalog.pg_authid where rolname = ${quoteLiteral(user)}`,
  );
  return row === undefined ? undefined : (row['verifier'] ?? null);
}

/** Makes one role what Patroni needs. Returns whether it had to be changed. */
async function setRole(connection: Connection, { purpose, user, password }: NeededRole): Promise<boolean> {
  const name = quoteIdentifier(user);
  const found = await verifierOf(connection, user);
  if (found === undefined) {
    await connection.query(`create role ${name} ${ATTRIBUTES[purpose]}`);
    if (purpose === 'rewind') {
      for (const one of REWIND_FUNCTIONS)
        await connection.query(`grant execute on function pg_catalog.${one} to ${name}`);
    }
  }
  if (password === undefined) return found === undefined;
  const old = found ?? undefined;
  if (old !== undefined && isVerifierOf(old, user, password)) return false;
  await connection.query(`alter role ${name} password ${quoteLiteral(newVerifierLike(old, user, password))}`);
  return true;
}

/** Makes the roles what Patroni needs; the facts name those that had to be changed. */
export async function setPasswords(connection: Connection, roles: readonly NeededRole[]): Promise<StepFacts> {
  await connection.query(SAY_NOTHING);
  const changed: string[] = [];
  for (const role of roles) if (await setRole(connection, role)) changed.push(role.user);
  return { changed: changed.join(', ') };
}

/** The roles whose password is not the one that Patroni would use. */
export async function wrongPasswords(connection: Connection, roles: readonly NeededRole[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const { user, password } of roles) {
    if (password === undefined) continue;
    const verifier = (await verifierOf(connection, user)) ?? '';
    if (!isVerifierOf(verifier, user, password)) wrong.push(user);
  }
  return wrong;
}
