/**
 * A cluster of one server on this host; its places are directories beside the data directory.
 *
 * @module
 */

import { basename } from 'node:path';

import { Failure } from '../../base/failure.ts';
import {
  connectToLive,
  serverState,
  startLiveServer,
  stopLiveServer,
  type LiveServer,
} from '../../instance/live-server.ts';
import { runningPostmaster } from '../../instance/postmaster.ts';
import { formatCommand } from '../../instance/run-program.ts';
import { fillCommand } from '../../instance/server-commands.ts';
import type { Cluster, ReadOnlyDefault } from '../cluster.ts';
import { localPlaces } from '../local-places.ts';
import { alteredReadOnlyDefault, alterReadOnlyDefault, untilSessionsBegin } from '../read-only-default.ts';

const READS_CONFIGURATION_MS = 30_000;

/** What a local cluster is made of. */
export interface LocalClusterOptions {
  readonly name: string;
  readonly server: LiveServer;
}

async function readOnlyDefault(server: LiveServer): Promise<ReadOnlyDefault> {
  await using connection = await connectToLive(server);
  return await alteredReadOnlyDefault(connection);
}

async function setReadOnlyDefault(server: LiveServer, value: ReadOnlyDefault): Promise<void> {
  await using connection = await connectToLive(server);
  await alterReadOnlyDefault(connection, value);
  await untilSessionsBegin(value, () => connectToLive(server), READS_CONFIGURATION_MS);
}

/** A server goes on in a directory that is renamed, and answers at its usual place: what it is told then is lost. */
async function checkNothingRuns(dataDirectory: string): Promise<void> {
  if ((await runningPostmaster(dataDirectory)) === undefined) return;
  throw new Failure('refused', {
    message: `cannot move ${dataDirectory}: its server runs`,
    remedy: 'Something has started it since it was stopped: see its log, keep that from starting it again, then go on.',
  });
}

/** A cluster of one server on this host. */
export function localCluster({ name, server }: LocalClusterOptions): Cluster {
  const places = localPlaces(server.dataDirectory);
  const { dataDirectory } = places;
  const lineOf = (which: 'start' | 'stop'): string => formatCommand(fillCommand(server.commands[which], server.values));
  return {
    ...places,
    kind: 'local',
    name: name === '' ? basename(dataDirectory) : name,
    move: async (id, from, to) => {
      if (from === 'live') await checkNothingRuns(dataDirectory);
      await places.move(id, from, to);
    },
    state: () => serverState(dataDirectory),
    connect: () => connectToLive(server),
    stop: () => stopLiveServer(server),
    start: () => startLiveServer(server),
    readOnlyDefault: () => readOnlyDefault(server),
    setReadOnlyDefault: (value) => setReadOnlyDefault(server, value),
    commandLines: { stop: lineOf('stop'), start: lineOf('start') },
  };
}
