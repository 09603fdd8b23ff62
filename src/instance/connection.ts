/**
 * One connection to one PostgreSQL server, over its socket directory or TCP.
 *
 * It reaches the server it was told and no other: host, port, user and database are always given in full, so that no
 * `PG*` variable or list of hosts can lead a recovery to a server it was not planned for.
 *
 * Every value comes back as the server's own text (`bool` as `t` and `f`, times in the session's UTC), because a `Date`
 * would round commit times and a `number` would round LSNs.
 *
 * Source: PostgreSQL manual, "Frontend/Backend Protocol", "Client Connection Defaults".
 *
 * @module
 */

import pg from 'pg';

import { Failure, messageOf } from '../base/failure.ts';

/** How to reach one server; the words are libpq's. */
export interface ConnectionSettings {
  /** A socket directory (begins with `/`), a host name or an address. Never a list. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  /** `false` or absent: no TLS. */
  readonly ssl?: boolean | { readonly rejectUnauthorized: boolean; readonly ca?: string };
  readonly connectTimeoutMs?: number;
  /** Parameters of the session: they win over those that are set for a role or a database. */
  readonly parameters?: Readonly<Record<string, string | number>>;
}

/** One row: column names with the server's text, `null` for SQL null. */
export type Row = Readonly<Record<string, string | null>>;

/** A connection that is open. Disposing closes it. */
export interface Connection extends AsyncDisposable {
  readonly settings: ConnectionSettings;
  /** Aborts when the server or the network has ended the connection. */
  readonly lost: AbortSignal;
  /** Runs one statement (several without `values`; the last one's rows). @throws {Failure} `failed`, with the server's error as its cause. */
  query(text: string, values?: readonly (string | number | boolean | null)[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Receives the server's notices and warnings, one line each. */
export type OnNotice = (message: string) => void;

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const AS_TEXT = { getTypeParser: () => (value: string) => value };

/** `host:port` or the socket's path, for messages; holds no secret. */
export function addressOf(settings: Pick<ConnectionSettings, 'host' | 'port'>): string {
  return settings.host.startsWith('/')
    ? `${settings.host}/.s.PGSQL.${settings.port}`
    : `${settings.host}:${settings.port}`;
}

/** The SQLSTATE of a server's error, also when it is the cause of a {@link Failure}. */
export function sqlStateOf(error: unknown): string | undefined {
  if (error instanceof pg.DatabaseError) return error.code;
  return error instanceof Error && error.cause !== undefined ? sqlStateOf(error.cause) : undefined;
}

function checkSettings(settings: ConnectionSettings): void {
  const isDirectory = settings.host.startsWith('/');
  const isOneHost = settings.host !== '' && (isDirectory || !settings.host.includes(','));
  if (isOneHost && settings.user !== '' && settings.database !== '') return;
  throw new Failure('usage', {
    message: `cannot connect to ${JSON.stringify(settings.host)}: exactly one host, a user and a database must be named`,
    remedy: 'Name one server: its socket directory or its address.',
  });
}

/** As the server takes them apart: at spaces, a backslash before one that is meant. */
function optionsText(parameters: Readonly<Record<string, string | number>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `-c ${name}=${String(value).replaceAll(/[\\ ]/g, String.raw`\$&`)}`)
    .join(' ');
}

function clientFor(settings: ConnectionSettings): pg.Client {
  return new pg.Client({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    database: settings.database,
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ssl: settings.ssl ?? false,
    ...(settings.parameters === undefined ? {} : { options: optionsText(settings.parameters) }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: settings.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    application_name: 'walkback',
    types: AS_TEXT,
  });
}

/** What pg says, and not the server, where that asks for a password and none was given. */
const WANTS_PASSWORD = /client password must be a/;

function connectFailure(settings: ConnectionSettings, error: unknown): Failure {
  const state = sqlStateOf(error);
  const message = `cannot connect to the server at ${addressOf(settings)} as ${settings.user}: ${messageOf(error)}`;
  if (state?.startsWith('28') === true || (state === undefined && WANTS_PASSWORD.test(messageOf(error)))) {
    const remedy = 'Give the user and password of a superuser of that server, and look at its pg_hba.conf.';
    return new Failure('denied', { message, remedy, cause: error });
  }
  const maySucceedLater = state === undefined || /^(08|53|57)/.test(state);
  return new Failure(maySucceedLater ? 'unavailable' : 'failed', {
    message,
    remedy: maySucceedLater
      ? 'Look whether the server runs and listens there, then run this again.'
      : `Name a database that takes connections; this was ${JSON.stringify(settings.database)}.`,
    cause: error,
  });
}

/**
 * Opens a connection.
 *
 * @throws {Failure} `denied` when the server refuses the user, `unavailable` when it does not answer or has no room now,
 *   `failed` when it answers that it never will (no such database).
 */
export async function connect(settings: ConnectionSettings, onNotice?: OnNotice): Promise<Connection> {
  checkSettings(settings);
  const client = clientFor(settings);
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('the connection has ended')));
  client.on('notice', (notice) => onNotice?.(notice.message ?? ''));
  try {
    await client.connect();
    await client.query("set timezone to 'UTC'; set datestyle to 'ISO'; set client_min_messages to 'notice'");
  } catch (error) {
    await client.end().catch(() => {});
    throw connectFailure(settings, error);
  }
  return connectionOver(client, settings, lost.signal);
}

function connectionOver(client: pg.Client, settings: ConnectionSettings, lost: AbortSignal): Connection {
  const close = async (): Promise<void> => {
    if (!lost.aborted) await client.end().catch(() => {});
  };
  return {
    settings,
    lost,
    query: async (text, values) => {
      try {
        const answer =
          values === undefined ? await client.query<Row>(text) : await client.query<Row>(text, [...values]);
        return lastRows(answer);
      } catch (error) {
        throw queryFailure(settings, error);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Several statements in one text give an array of results; the driver's types leave that out. */
function lastRows(answer: pg.QueryResult<Row> | pg.QueryResult<Row>[]): Row[] {
  return Array.isArray(answer) ? (answer.at(-1)?.rows ?? []) : answer.rows;
}

function queryFailure(settings: ConnectionSettings, error: unknown): Failure {
  const state = sqlStateOf(error);
  if (state === undefined) {
    return new Failure('unavailable', {
      message: `cannot ask the server at ${addressOf(settings)}: ${messageOf(error)}`,
      remedy: "Look at the server's log for why the connection ended, then run this again.",
      cause: error,
    });
  }
  return new Failure(state === '42501' ? 'denied' : 'failed', {
    message: `cannot run a statement at ${addressOf(settings)}: ${messageOf(error)} (SQLSTATE ${state})`,
    remedy: state === '42501' ? 'Connect as a superuser.' : "Look at the server's log for the details.",
    cause: error,
  });
}

/** The only row's column as text. @throws {Failure} `failed` if there is no such row or it is null. */
export async function queryText(connection: Connection, text: string): Promise<string> {
  const [row] = await connection.query(text);
  const value = row === undefined ? undefined : Object.values(row)[0];
  if (value !== undefined && value !== null) return value;
  throw new Failure('failed', {
    message: `cannot use the answer of the server at ${addressOf(connection.settings)} to ${JSON.stringify(text)}: it is empty`,
    remedy: 'Run the statement in psql and compare.',
  });
}
