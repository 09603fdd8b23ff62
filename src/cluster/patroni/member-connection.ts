/**
 * A connection to a member's PostgreSQL, as Patroni itself connects to members.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { connect, type Connection, type ConnectionSettings } from '../../instance/connection.ts';
import { objectOr, textOr, type JsonObject } from './dcs-keys.ts';

/** Who connects, and how. Holds a secret. */
export interface MemberLogin {
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** libpq's word. */
  readonly sslmode: string;
  readonly sslrootcert: string | undefined;
}

/** Patroni's superuser. Source: "YAML Configuration Settings", `postgresql.authentication.superuser`. */
export function superuserOf(configuration: JsonObject): MemberLogin {
  const postgresql = objectOr(configuration['postgresql']);
  const superuser = objectOr(objectOr(postgresql['authentication'])['superuser']);
  return {
    user: textOr(superuser['username']) ?? 'postgres',
    password: textOr(superuser['password']),
    database: textOr(postgresql['database']) ?? 'postgres',
    sslmode: textOr(superuser['sslmode']) ?? 'prefer',
    sslrootcert: textOr(superuser['sslrootcert']),
  };
}

async function tlsOf(login: MemberLogin): Promise<ConnectionSettings['ssl']> {
  if (login.sslmode === 'disable' || login.sslmode === 'allow') return false;
  const rejectUnauthorized = login.sslmode === 'verify-ca' || login.sslmode === 'verify-full';
  if (login.sslrootcert === undefined) return { rejectUnauthorized };
  const ca = await readFile(login.sslrootcert, 'utf8').catch((error: unknown) => {
    throw new Failure('usage', {
      message: `cannot read ${login.sslrootcert}, the superuser's sslrootcert: ${messageOf(error)}`,
      remedy: 'Let this user read it, or correct postgresql.authentication.superuser.',
      cause: error,
    });
  });
  return { rejectUnauthorized, ca };
}

function saysNoTls(error: unknown): boolean {
  return messageOf(error).includes('does not support SSL');
}

/**
 * Connects to the server at a member's `conn_url`, `postgres://10.0.0.1:5432/postgres`.
 *
 * @throws {Failure} `usage` if that is none; as {@link connect} otherwise.
 */
export async function connectToMember(connUrl: string, login: MemberLogin): Promise<Connection> {
  const url = URL.canParse(connUrl) ? new URL(connUrl) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(connUrl)} as the address of a member's server`,
      remedy: 'Correct postgresql.connect_address of that member.',
    });
  }
  const settings: ConnectionSettings = {
    host: decodeURIComponent(url.hostname).replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? 5432 : Number(url.port),
    user: login.user,
    database: login.database,
    ...(login.password === undefined ? {} : { password: login.password }),
  };
  const ssl = await tlsOf(login);
  if (ssl === false || ssl === undefined) return connect(settings);
  return connect({ ...settings, ssl }).catch((error: unknown) => {
    if (login.sslmode === 'prefer' && saysNoTls(error)) return connect(settings);
    throw error;
  });
}
