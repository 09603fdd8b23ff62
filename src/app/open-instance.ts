/**
 * From settings to the live server: how it is reached, started and stopped.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import { connect, type Connection, type ConnectionSettings, type OnNotice } from '../instance/connection.ts';
import { runningPostmaster } from '../instance/postmaster.ts';
import { serverCommands, type ServerCommands, type ServerCommandsSetting } from '../instance/server-commands.ts';
import { stoppedServerAddress, type ServerAddress } from './stopped-server.ts';

const USUAL_SOCKET_DIRECTORY = '/var/run/postgresql';
const USUAL_PORT = 5432;

async function sslOf(settings: Settings): Promise<ConnectionSettings['ssl']> {
  const mode = settings.get('pgSslMode');
  if (mode === 'disable') return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  const file = settings.get('pgSslRootCert');
  if (file === undefined) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: await readFile(file, 'utf8') };
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read the certificates of the server: ${messageOf(error)}`,
      remedy: 'Correct pg-ssl-root-cert (PGSSLROOTCERT).',
      cause: error,
    });
  }
}

/** Where the server of the data directory listens: by its `postmaster.pid`, or by its configuration if it does not run. */
async function addressOfServer(dataDirectory: string | undefined, bin: string | undefined): Promise<ServerAddress> {
  if (dataDirectory === undefined) return { host: undefined, port: undefined };
  const running = await runningPostmaster(dataDirectory);
  if (running === undefined) {
    return bin === undefined ? { host: undefined, port: undefined } : stoppedServerAddress(bin, dataDirectory);
  }
  return { host: running.socketDirectory || running.listenAddress || undefined, port: running.port };
}

/**
 * How the live server is reached. Where host or port are not set, the server of the data directory says.
 *
 * @param bin the folder with `postgres`, by which a server that does not run can be asked.
 * @param dataDirectory where its data is, if not in its place.
 */
export async function connectionSettings(
  settings: Settings,
  bin?: string,
  dataDirectory = settings.get('dataDirectory'),
): Promise<ConnectionSettings> {
  const host = settings.get('pgHost');
  const port = settings.get('pgPort');
  const isKnown = host !== undefined && port !== undefined;
  const found = isKnown ? { host, port } : await addressOfServer(dataDirectory, bin);
  const password = settings.get('pgPassword');
  return {
    host: host ?? found.host ?? USUAL_SOCKET_DIRECTORY,
    port: port ?? found.port ?? USUAL_PORT,
    user: settings.get('pgUser'),
    database: settings.get('pgDatabase'),
    ...(password === undefined ? {} : { password }),
    ssl: (await sslOf(settings)) ?? false,
    connectTimeoutMs: settings.get('connectTimeout'),
  };
}

/** Connects to the live server. @throws {Failure} `denied`, `unavailable`. */
export async function openInstance(settings: Settings, onNotice?: OnNotice): Promise<Connection> {
  return connect(await connectionSettings(settings), onNotice);
}

function custom(settings: Settings): ServerCommandsSetting | undefined {
  const start = settings.get('startCommand');
  const stop = settings.get('stopCommand');
  const status = settings.get('statusCommand');
  if (start === undefined && stop === undefined && status === undefined) return undefined;
  if (start !== undefined && stop !== undefined) {
    return { kind: 'custom', start, stop, ...(status === undefined ? {} : { status }) };
  }
  const missing = start === undefined ? 'start-command' : 'stop-command';
  throw new Failure('usage', {
    message: `cannot start and stop the server: ${missing} is not set, and others of its commands are`,
    remedy: `Set ${missing} too. A server that is stopped in one way and started in another confuses what supervises it.`,
  });
}

function debian(text: string | undefined): ServerCommandsSetting | undefined {
  const [, major, cluster] = /^(\d{1,3})\/(.+)$/.exec(text ?? '') ?? [];
  return major === undefined || cluster === undefined
    ? undefined
    : { kind: 'pg_ctlcluster', major: Number(major), cluster };
}

/** How the live server is started and stopped. @throws {Failure} `usage` if two ways are set. */
export function liveServerCommands(settings: Settings): ServerCommands {
  const unit = settings.get('systemdUnit');
  const ways: ServerCommandsSetting[] = [
    custom(settings),
    unit === undefined ? undefined : ({ kind: 'systemctl', unit } as const),
    debian(settings.get('debianCluster')),
  ].filter((way) => way !== undefined);
  if (ways.length < 2) return serverCommands(ways[0] ?? { kind: 'pg_ctl' });
  throw new Failure('usage', {
    message: 'cannot tell how the server is started and stopped: more than one way is set',
    remedy: 'Keep one of start-command with stop-command, systemd-unit, and debian-cluster.',
  });
}
