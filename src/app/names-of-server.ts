/**
 * Names of relations from a server that runs: the live one, a rehearsal, or any other of the same cluster.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import { isInKubernetes, type Settings } from '../config/load-settings.ts';
import { localCluster } from '../cluster/local/local-cluster.ts';
import type { ConnectionSettings } from '../instance/connection.ts';
import { runningPostmaster } from '../instance/postmaster.ts';
import { databasesOf, readCatalog, unreadDatabases } from '../instance/read-catalog.ts';
import { objectName } from '../kubernetes/rehearse/rehearsal-names.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import { factsOf } from '../recovery/journal.ts';
import { PRIVATE_PORT } from '../recovery/recovery-context.ts';
import { recoveryStatus } from '../recovery/status.ts';
import { connectionSettings } from './open-instance.ts';
import { liveServer } from './open-recovery-uses.ts';

const REHEARSAL_ID = /^[0-9a-f]{4,16}$/;
const WORDS = /^\s*(?:[a-z]+=\S+\s*)+$/;
const KNOWN_WORDS: ReadonlySet<string> = new Set(['host', 'port', 'user', 'dbname']);

function usage(text: string, found: string): Failure {
  return new Failure('usage', {
    message: `cannot use ${JSON.stringify(text)} for --names-from: ${found}`,
    remedy: `Give the id of a rehearsal, "live" for the server of the settings, or words such as:
    --names-from 'host=/run/postgresql port=5433'
The password is taken from the settings (PGPASSWORD) or a password file.`,
  });
}

/** Words as libpq has them, over the settings of the live server. */
function fromWords(text: string, base: ConnectionSettings): ConnectionSettings {
  const words = new Map(
    text
      .trim()
      .split(/\s+/)
      .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const),
  );
  const unknown = [...words.keys()].find((word) => !KNOWN_WORDS.has(word));
  if (unknown !== undefined) throw usage(text, `the word ${unknown} is not one of ${[...KNOWN_WORDS].join(', ')}`);
  const port = Number(words.get('port') ?? base.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw usage(text, 'its port is none');
  return {
    ...base,
    host: words.get('host') ?? base.host,
    port,
    user: words.get('user') ?? base.user,
    database: words.get('dbname') ?? base.database,
  };
}

/** The server of a rehearsal in a namespace listens within its pod alone: whoever asks it forwards its port. */
function inNamespace(settings: Settings, id: string): Failure {
  const [context, namespace] = [settings.get('kubeContext'), settings.get('namespace')];
  const there = [
    ...(context === undefined ? [] : [`--context ${context}`]),
    ...(namespace === undefined ? [] : [`-n ${namespace}`]),
  ];
  const kubectl = ['kubectl', ...there, 'port-forward', `job/${objectName(id)}`, `${PRIVATE_PORT}:${PRIVATE_PORT}`];
  return new Failure('usage', {
    message: `cannot take names from the rehearsal ${id}: its server is in a pod, and listens nowhere else`,
    remedy: `Forward its port in another terminal, and name that, with the password in PGPASSWORD:
    ${kubectl.join(' ')}
    walkback log --names-from 'host=127.0.0.1 port=${PRIVATE_PORT}'`,
  });
}

async function ofRehearsal(settings: Settings, id: string, name: string): Promise<ConnectionSettings> {
  if (isInKubernetes(settings)) throw inNamespace(settings, id);
  const { server } = await liveServer(settings, '');
  const status = await recoveryStatus(localCluster({ name, server }), id);
  const replay = factsOf(status.entries, 'replay');
  if (!status.isRehearsalRunning || replay === undefined) {
    throw new Failure('refused', {
      message: `cannot take names from the rehearsal ${id}: it does not run`,
      remedy: `Which rehearsals stand:\n    walkback recover status`,
    });
  }
  return { ...server.connection, host: String(replay['socketDirectory']), port: Number(replay['port']) };
}

/** What {@link extraNames} is given. */
export interface ExtraNamesRequest {
  readonly settings: Settings;
  /** As `--names-from` has it. */
  readonly namesFrom: string | undefined;
  readonly clusterName: string;
  readonly onWarning: (message: string) => void;
}

/**
 * Names beside those of the archive: of the server that was named, or where the archive has none and the live server of the
 * settings runs, of that one.
 */
export function extraNames(request: ExtraNamesRequest): (isNeeded: boolean) => Promise<CatalogSnapshot | undefined> {
  const { settings, namesFrom } = request;
  return async (isNeeded) => {
    if (namesFrom !== undefined) return namesOfServer(settings, namesFrom, request);
    const dataDirectory = settings.get('dataDirectory');
    if (!isNeeded || dataDirectory === undefined) return undefined;
    if ((await runningPostmaster(dataDirectory)) === undefined) return undefined;
    try {
      return await namesOfServer(settings, 'live', request);
    } catch (error) {
      if (!isFailure(error)) throw error;
      request.onWarning(`the running server was not asked for names: ${error.message}`);
      return undefined;
    }
  };
}

async function settingsOf(settings: Settings, text: string, clusterName: string): Promise<ConnectionSettings> {
  if (text === 'live') return connectionSettings(settings);
  if (REHEARSAL_ID.test(text)) return ofRehearsal(settings, text, clusterName);
  if (WORDS.test(text)) return fromWords(text, await connectionSettings(settings));
  throw usage(text, 'it is none of these');
}

/**
 * Reads them now. A database that cannot be read is told to `onWarning`, and its relations stay numbers.
 *
 * @throws {Failure} `usage` for a text that names no server, `refused` for a rehearsal that does not run, `unavailable`, `denied`.
 */
export async function namesOfServer(
  settings: Settings,
  text: string,
  { clusterName, onWarning }: { readonly clusterName: string; readonly onWarning: (message: string) => void },
): Promise<CatalogSnapshot> {
  const snapshot = await readCatalog(databasesOf(await settingsOf(settings, text, clusterName)));
  for (const problem of unreadDatabases(snapshot)) onWarning(`names of a database could not be read: ${problem}`);
  return snapshot;
}
