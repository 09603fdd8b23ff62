/**
 * `default_transaction_read_only` of a cluster: with it on, sessions begin read-only. It keeps out who does not know of it, and
 * nobody who asks for more (`SET TRANSACTION READ WRITE`).
 *
 * Source: PostgreSQL manual, 20.11 (Client Connection Defaults), ALTER SYSTEM; `src/backend/tcop/utility.c`
 * (`ClassifyUtilityCommandAsReadOnly`): ALTER SYSTEM may be run in a read-only transaction.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import { queryText, type Connection } from '../instance/connection.ts';
import type { ReadOnlyDefault } from './cluster.ts';

const NAME = 'default_transaction_read_only';
const POLL_MS = 200;

/** A setting's value: PostgreSQL and YAML have many words for on. */
export function readOnlyDefaultOf(value: unknown): ReadOnlyDefault {
  if (value === undefined || value === null || value === '') return 'unset';
  return value === true || value === 1 || (typeof value === 'string' && /^(on|true|yes|1)$/i.test(value))
    ? 'on'
    : 'off';
}

/** As ALTER SYSTEM has set it. The last of its lines counts. */
export async function alteredReadOnlyDefault(connection: Connection): Promise<ReadOnlyDefault> {
  const lines = `select setting from pg_file_settings where name = '${NAME}' and sourcefile like '%/postgresql.auto.conf'`;
  const [row] = await connection.query(`${lines} order by seqno desc limit 1`);
  return readOnlyDefaultOf(row?.['setting']);
}

/** Sets it by ALTER SYSTEM, and has the server read it. */
export async function alterReadOnlyDefault(connection: Connection, value: ReadOnlyDefault): Promise<void> {
  const text = value === 'unset' ? `reset ${NAME}` : `set ${NAME} = ${value}`;
  await connection.query(`alter system ${text}`);
  await connection.query('select pg_reload_conf()');
}

/** How a session that begins now begins. */
export async function sessionsBegin(connection: Connection): Promise<'on' | 'off'> {
  return (await queryText(connection, `select reset_val from pg_settings where name = '${NAME}'`)) === 'on'
    ? 'on'
    : 'off';
}

/**
 * Waits until new sessions begin as it is set: the server has to be told, and to tell its processes.
 *
 * @param connect to the live server.
 * @throws {Failure} `failed` if they do not within the time: another setting is stronger.
 */
export async function untilSessionsBegin(
  value: ReadOnlyDefault,
  connect: () => Promise<Connection>,
  timeoutMs: number,
): Promise<void> {
  const wanted = value === 'on' ? 'on' : 'off';
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    await using connection = await connect();
    const found = await sessionsBegin(connection);
    if (found === wanted) return;
    if (Date.now() > deadline) throw staysAs(found, wanted);
    await sleep(POLL_MS);
  }
}

function staysAs(found: string, value: string): Failure {
  return new Failure('failed', {
    message: `cannot set ${NAME} = ${value}: sessions begin with ${found}`,
    remedy: `Look who sets it:  select name, setting, sourcefile from pg_file_settings where name = '${NAME}'`,
  });
}
