/**
 * libpq's keyword/value connection strings, as Patroni hands them to the programs that it starts.
 *
 * Source: PostgreSQL manual, "Connection Strings"; `src/interfaces/libpq/fe-connect.c` (`conninfo_parse`).
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../base/failure.ts';
import type { ConnectionSettings } from './connection.ts';

/** `host=db1 user='o\'brien'` as its words. @throws {Failure} `usage` if it is none. */
export function parseConninfo(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const word = /\s*([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))/gsy;
  let end = 0;
  for (let match = word.exec(text); match !== null; match = word.exec(text)) {
    end = word.lastIndex;
    found.set(match[1] ?? '', (match[2] ?? match[3] ?? '').replaceAll(/\\(.)/gs, '$1'));
  }
  if (text.slice(end).trim() === '') return found;
  throw new Failure('usage', {
    // The rest of it may hold a password.
    message: `cannot read the connection string: what begins at character ${end + 1} is not keyword=value`,
    remedy: 'Write it as libpq does:  host=db1 port=5432 user=standby dbname=postgres',
  });
}

async function certificates(path: string | undefined): Promise<{ ca?: string }> {
  if (path === undefined || path === '' || path === 'system') return {};
  try {
    return { ca: await readFile(path, 'utf8') };
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read the certificates of the server: ${messageOf(error)}`,
      remedy: 'Correct sslrootcert.',
      cause: error,
    });
  }
}

/**
 * How to reach the server that it names, in the order to try: as libpq does, `prefer` (which is the default) means with TLS
 * and then without. The host is one: Patroni names one. A password is not in it but in PGPASSFILE.
 *
 * @throws {Failure} `usage` if it names no host or user.
 */
export async function settingsOfConninfo(text: string): Promise<readonly ConnectionSettings[]> {
  const words = parseConninfo(text);
  const host = words.get('host') ?? '';
  const user = words.get('user') ?? '';
  const port = Number(words.get('port') ?? 5432);
  const missing = host === '' ? 'host' : user === '' ? 'user' : Number.isInteger(port) ? undefined : 'port';
  if (missing !== undefined) {
    throw new Failure('usage', {
      message: `cannot connect by the connection string: it names no ${missing}`,
      remedy: 'Give host, port and user:  host=db1 port=5432 user=standby dbname=postgres',
    });
  }
  const password = words.get('password');
  const common = {
    host,
    port,
    user,
    database: words.get('dbname') ?? 'postgres',
    ...(password === undefined ? {} : { password }),
  };
  const unproven = { ...common, ssl: { rejectUnauthorized: false } };
  const proven = async () => ({
    ...common,
    ssl: { rejectUnauthorized: true, ...(await certificates(words.get('sslrootcert'))) },
  });
  if (host.startsWith('/')) return [common];
  switch (words.get('sslmode') ?? 'prefer') {
    case 'disable':
      return [common];
    case 'require':
      return [unproven];
    case 'verify-ca':
    case 'verify-full':
      return [await proven()];
    default:
      return [unproven, common];
  }
}
