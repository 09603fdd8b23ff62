/**
 * Who may log in to two servers of one cluster at different moments, and with which password, without a password or its hash
 * leaving either: each says a digest of the hash under a salt that is made for one comparison and kept nowhere.
 *
 * A query gives one text, so that it can be asked of a server that is reached through somebody else.
 *
 * Source: PostgreSQL manual, "pg_authid". Only a superuser may read it.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { Failure } from '../base/failure.ts';
import { fieldOf, parseJsonOrNothing } from '../base/unknown-value.ts';
import { quoteIdentifier } from '../postgres/quote-sql.ts';

/** One role, as far as it decides on a login. */
export interface LoginRole {
  readonly name: string;
  readonly mayLogIn: boolean;
  /** Of what is stored of its password; `null`: it has none. */
  readonly digest: string | null;
  /** When its password ends, the server's text in UTC; `null`: never. */
  readonly validUntil: string | null;
  /** By the clock of the server that was asked. */
  readonly isExpired: boolean;
}

const SALT_BYTES = 32;
const PLAIN = /^[a-z_][a-z0-9_]*$/;

/** A new salt, hexadecimal. */
export function newRolesSalt(): string {
  return randomBytes(SALT_BYTES).toString('hex');
}

/** A statement with one row and one column, for {@link parseLoginRoles}. @param salt the same for both servers. */
export function loginRolesQuery(salt: string): string {
  return `set lock_timeout = 5000; set statement_timeout = 60000;
    select coalesce(json_agg(json_build_object(
      'name', rolname, 'mayLogIn', rolcanlogin,
      'digest', encode(sha256(convert_to('${salt}' || rolpassword, 'UTF8')), 'hex'),
      'validUntil', nullif(rolvaliduntil, 'infinity')::text, 'isExpired', coalesce(rolvaliduntil <= now(), false)
    ) order by rolname), '[]')::text as roles from pg_catalog.pg_authid`;
}

function isLoginRole(value: unknown): value is LoginRole {
  const isText = (key: string): boolean => typeof fieldOf(value, key) === 'string';
  const isYesOrNo = (key: string): boolean => typeof fieldOf(value, key) === 'boolean';
  const mayBeNull = ['digest', 'validUntil'].every((key) => isText(key) || fieldOf(value, key) === null);
  return isText('name') && mayBeNull && isYesOrNo('mayLogIn') && isYesOrNo('isExpired');
}

/** What a server has answered. @throws {Failure} `failed` if that is no such answer. */
export function parseLoginRoles(text: string | null | undefined): LoginRole[] {
  const value = parseJsonOrNothing(text ?? '');
  if (Array.isArray(value) && value.every(isLoginRole)) return value;
  throw new Failure('failed', {
    message: 'cannot read the roles of a server: its answer is not as it was asked for',
    remedy: 'Compare pg_authid of both by hand.',
  });
}

function passwordOf(live: LoginRole, then: LoginRole): string[] {
  if (live.digest === then.digest) return [];
  return [then.digest === null ? 'no password' : 'password set since'];
}

function endOf(live: LoginRole, then: LoginRole): string[] {
  if (live.validUntil === then.validUntil) return [];
  if (then.isExpired) return live.isExpired ? [] : [`its password has ended at ${then.validUntil}`];
  return [then.validUntil === null ? 'its password does not end' : `its password ends at ${then.validUntil}`];
}

/** What is other once `then` is what runs. */
function changeOf(live: LoginRole | undefined, then: LoginRole | undefined, isSetAgain: boolean): string[] {
  const could = live?.mayLogIn === true;
  const may = then?.mayLogIn === true;
  if (then === undefined) return could && !isSetAgain ? ['not there'] : [];
  if (live === undefined) return may ? ['there again'] : [];
  if (could && may) return [...(isSetAgain ? [] : passwordOf(live, then)), ...endOf(live, then)];
  if (could) return ['may not log in'];
  return may ? ['may log in again'] : [];
}

/**
 * Roles that may log in otherwise on the data of then, each with how: `app (password set since)`, which may be the same one, as what
 * is stored of a password is salted anew whenever it is set. Roles that log in on neither side are none.
 *
 * @param setAgain those that get their present password on any data, or are made there.
 */
export function otherLogins(
  live: readonly LoginRole[],
  then: readonly LoginRole[],
  setAgain: readonly string[],
): string[] {
  const nowByName = new Map(live.map((role) => [role.name, role]));
  const thenByName = new Map(then.map((role) => [role.name, role]));
  const names = [...new Set([...nowByName.keys(), ...thenByName.keys()])].toSorted();
  return names.flatMap((name) => {
    const change = changeOf(nowByName.get(name), thenByName.get(name), setAgain.includes(name));
    return change.length === 0 ? [] : [`${PLAIN.test(name) ? name : quoteIdentifier(name)} (${change.join(', ')})`];
  });
}
