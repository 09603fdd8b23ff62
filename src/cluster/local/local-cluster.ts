/**
 * A cluster of one server on this host; its places are directories beside the data directory.
 *
 * @module
 */

import { basename } from 'node:path';

import {
  connectToLive,
  serverState,
  startLiveServer,
  stopLiveServer,
  type LiveServer,
} from '../../instance/live-server.ts';
import { formatCommand } from '../../instance/run-program.ts';
import { fillCommand } from '../../instance/server-commands.ts';
import type { Cluster } from '../cluster.ts';
import { localPlaces } from '../local-places.ts';

/** What a local cluster is made of. */
export interface LocalClusterOptions {
  readonly name: string;
  readonly server: LiveServer;
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
    state: () => serverState(dataDirectory),
    connect: () => connectToLive(server),
    stop: () => stopLiveServer(server),
    start: () => startLiveServer(server),
    commandLines: { stop: lineOf('stop'), start: lineOf('start') },
  };
}
