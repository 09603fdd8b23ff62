/**
 * The roles of a cluster as a file, by which they reach the program that Patroni starts after a bootstrap. It holds
 * passwords: mode 0600.
 *
 * ```
 * {"superuser":{"name":"postgres","password":"…"},"replication":{…},"others":[{"name":"admin","password":"…","options":["createdb"]}],"human":"zalandos"}
 * ```
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../base/failure.ts';
import { fieldOf } from '../base/unknown-value.ts';
import type { PlannedUser, PlannedUsers } from '../container/container-plan.ts';
import { Secret } from '../container/secret.ts';

/** The text of the file. It is a secret as a whole. */
export function formatRoles({ superuser, replication, others, human }: PlannedUsers): Secret {
  const login = ({ name, password }: PlannedUsers['superuser']) => ({ name, password: password.reveal() });
  const one = ({ name, password, options }: PlannedUser) => ({ name, password: password?.reveal(), options });
  const value = { superuser: login(superuser), replication: login(replication), others: others.map(one), human };
  return new Secret(`${JSON.stringify(value)}\n`);
}

function textAt(value: unknown, key: string): string {
  const found = fieldOf(value, key);
  if (typeof found === 'string') return found;
  throw new TypeError(`${key} is missing`);
}

function loginAt(value: unknown, key: string): PlannedUsers['superuser'] {
  const found = fieldOf(value, key);
  return { name: textAt(found, 'name'), password: new Secret(textAt(found, 'password')) };
}

function userOf(value: unknown): PlannedUser {
  const password = fieldOf(value, 'password');
  const options = fieldOf(value, 'options');
  return {
    name: textAt(value, 'name'),
    password: typeof password === 'string' ? new Secret(password) : undefined,
    options: Array.isArray(options) ? options.map(String) : [],
  };
}

/** Reads the text of the file. @throws {TypeError} if it is none; it quotes nothing of it. */
export function parseRoles(text: string): PlannedUsers {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError('it is no JSON');
  }
  const others = fieldOf(value, 'others');
  return {
    superuser: loginAt(value, 'superuser'),
    replication: loginAt(value, 'replication'),
    others: Array.isArray(others) ? others.map(userOf) : [],
    human: textAt(value, 'human'),
  };
}

/** Reads the file. @throws {Failure} `usage` if it cannot be read as one. */
export async function readRolesFile(path: string): Promise<PlannedUsers> {
  try {
    return parseRoles(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read the roles in ${path}: ${messageOf(error)}`,
      remedy: 'It is written by "walkback entrypoint" at each start: start the container again.',
      cause: error,
    });
  }
}
