/**
 * What a server says of itself to who replicates from it: which system, which line of history, how far.
 *
 * It is asked by a replication connection, which the role for replication may open wherever a replica may: no database, no
 * right to read anything.
 *
 * Source: PostgreSQL manual, "Streaming Replication Protocol" (`IDENTIFY_SYSTEM`, `TIMELINE_HISTORY`, `SHOW`).
 *
 * @module
 */

import pg from 'pg';

import { Failure, isFailure, messageOf } from '../base/failure.ts';
import { parseLsn, type Lsn } from '../postgres/lsn.ts';
import { parseTimelineHistory, type TimelineHistory } from '../postgres/timeline-history.ts';
import { walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import { addressOf, type ConnectionSettings } from './connection.ts';

/** Where a server is. */
export interface ServerPosition {
  readonly systemIdentifier: bigint;
  readonly majorVersion: number;
  readonly walSegmentSizeBytes: WalSegmentSizeBytes;
  /** The line of history that it writes, or follows. */
  readonly line: TimelineHistory;
  /** What it has flushed. */
  readonly lsn: Lsn;
  /** It follows another server. */
  readonly isReplica: boolean;
}

type TextRow = Readonly<Record<string, string | null>>;

const AS_TEXT = { getTypeParser: () => (value: string) => value };
const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

function unavailable(settings: ConnectionSettings, error: unknown): Failure {
  const state = error instanceof pg.DatabaseError ? error.code : undefined;
  return new Failure(state?.startsWith('28') === true ? 'denied' : 'unavailable', {
    message: `cannot ask the server at ${addressOf(settings)} as ${settings.user} for its position: ${messageOf(error)}`,
    remedy: 'Look whether it runs, and whether its pg_hba.conf lets this role replicate from here.',
    cause: error,
  });
}

async function openWalsender(settings: ConnectionSettings): Promise<pg.Client> {
  const { host, port, user, database, password, ssl } = settings;
  const options = {
    host,
    port,
    user,
    database,
    ssl: ssl ?? false,
    connectionTimeoutMillis: settings.connectTimeoutMs ?? 10_000,
    application_name: 'walkback',
    types: AS_TEXT,
    ...(password === undefined ? {} : { password }),
    // The driver hands it on in the start of the session; its types leave it out.
    replication: 'true',
  };
  const client = new pg.Client(options);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A size as `SHOW` writes it: `16MB`. */
function sizeOf(text: string): number {
  const [, digits = '', unit = 'B'] = /^(\d+)(\w*)$/.exec(text) ?? [];
  return Number(digits) * (UNITS[unit || 'B'] ?? Number.NaN);
}

async function ask(client: pg.Client, command: string): Promise<TextRow> {
  const [row] = (await client.query<TextRow>(command)).rows;
  return row ?? {};
}

function field(row: TextRow, name: string, settings: ConnectionSettings): string {
  const value = row[name];
  if (value !== undefined && value !== null) return value;
  throw new Failure('failed', {
    message: `cannot use what the server at ${addressOf(settings)} says of its position: ${name} is missing`,
    remedy: 'Look at its version: 14 and later are supported.',
  });
}

async function readPosition(client: pg.Client, settings: ConnectionSettings): Promise<ServerPosition> {
  const system = await ask(client, 'IDENTIFY_SYSTEM');
  const timeline = Number(field(system, 'timeline', settings));
  const lsn = parseLsn(field(system, 'xlogpos', settings));
  const show = async (name: string) => field(await ask(client, `SHOW ${name}`), name, settings);
  const version = Number(await show('server_version_num'));
  const history = timeline === 1 ? '' : field(await ask(client, `TIMELINE_HISTORY ${timeline}`), 'content', settings);
  if (lsn === undefined) throw unavailable(settings, new Error('its position cannot be read'));
  return {
    systemIdentifier: BigInt(field(system, 'systemid', settings)),
    majorVersion: Math.floor(version / 10_000),
    walSegmentSizeBytes: walSegmentSize(sizeOf(await show('wal_segment_size'))),
    line: parseTimelineHistory(timeline, history),
    lsn,
    isReplica: (await show('in_hot_standby')) === 'on',
  };
}

/**
 * Asks for it.
 *
 * @param ways how the server is reached, in the order to try.
 * @throws {Failure} `denied`, `unavailable`.
 */
export async function readServerPosition(ways: readonly ConnectionSettings[]): Promise<ServerPosition> {
  let failure: unknown;
  for (const settings of ways) {
    let client: pg.Client | undefined;
    try {
      client = await openWalsender(settings);
      return await readPosition(client, settings);
    } catch (error) {
      failure = isFailure(error) ? error : unavailable(settings, error);
    } finally {
      await client?.end().catch(() => {});
    }
  }
  throw failure;
}
