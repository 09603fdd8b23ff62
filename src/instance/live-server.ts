/**
 * The live server of a data directory: whether it runs, and starting and stopping it by the operator's commands.
 *
 * That a command ended well is not believed: the server is stopped when no process has the directory *and* its control
 * file says "shut down", and started when it answers. It is never stopped in `immediate` mode.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure } from '../base/failure.ts';
import { connect, type Connection, type ConnectionSettings } from './connection.ts';
import { controlFileOf, isShutDown } from './control-file-of.ts';
import { runningPostmaster, untilReaped } from './postmaster.ts';
import { formatCommand, runProgram } from './run-program.ts';
import { fillCommand, type ServerCommands, type ServerCommandValues } from './server-commands.ts';

/** What is needed to start and stop it. */
export interface LiveServer {
  readonly dataDirectory: string;
  readonly commands: ServerCommands;
  readonly values: ServerCommandValues;
  /** How clients reach it once it runs. */
  readonly connection: ConnectionSettings;
  readonly stopTimeoutMs: number;
  readonly startTimeoutMs: number;
}

/** `crashed`: no process, and no clean shutdown in the control file. */
export type ServerState = 'running' | 'stopped' | 'crashed';

const POLL_MS = 50;

/** The state of the server of a data directory. */
export async function serverState(dataDirectory: string): Promise<ServerState> {
  if ((await runningPostmaster(dataDirectory)) !== undefined) return 'running';
  return isShutDown(await controlFileOf(dataDirectory)) ? 'stopped' : 'crashed';
}

async function runCommand(server: LiveServer, which: 'start' | 'stop', timeoutMs: number): Promise<void> {
  const argv = fillCommand(server.commands[which], server.values);
  const end = await runProgram(argv, { timeoutMs });
  if (end.code === 0) return;
  throw new Failure('failed', {
    message: `cannot ${which} the server on ${server.dataDirectory}: ${formatCommand(argv)} ended with ${end.code ?? 'a signal'}`,
    remedy: `Run that command by hand and see what it says, then go on.`,
    facts: end.output === '' ? [] : end.output.split('\n').slice(-8),
  });
}

/**
 * Stops the server and proves it: no process, and "shut down" in the control file. One that is stopped already is fine.
 *
 * @throws {Failure} `unavailable` if it still runs after `stopTimeoutMs`; `failed` if it ended without a clean shutdown.
 */
export async function stopLiveServer(server: LiveServer): Promise<void> {
  const { dataDirectory, stopTimeoutMs } = server;
  const deadline = Date.now() + stopTimeoutMs;
  if ((await runningPostmaster(dataDirectory)) !== undefined) {
    await runCommand(server, 'stop', stopTimeoutMs);
    while ((await runningPostmaster(dataDirectory)) !== undefined) {
      if (Date.now() > deadline) throw stillRunning(server);
      await sleep(POLL_MS);
    }
  }
  if ((await serverState(dataDirectory)) === 'stopped') return;
  throw new Failure('failed', {
    message: `cannot use ${dataDirectory}: its server has ended without a clean shutdown`,
    remedy: 'Start it, let it recover, and look at its log for what ended it; then go on.',
  });
}

function stillRunning({ dataDirectory, stopTimeoutMs }: LiveServer): Failure {
  return new Failure('unavailable', {
    message: `cannot stop the server on ${dataDirectory}: it still runs after ${Math.round(stopTimeoutMs / 1000)} s`,
    remedy:
      'It may be writing its last checkpoint or archiving its last WAL: see its log and pg_stat_archiver. Then go on. It is never stopped in immediate mode.',
  });
}

/**
 * Starts the server and waits until it answers at its usual place, itself and not another one. One that runs already is fine.
 *
 * @throws {Failure} `unavailable` if it does not answer within `startTimeoutMs`; `failed` if its command fails; `refused` if
 *   another server answers there.
 */
export async function startLiveServer(server: LiveServer): Promise<void> {
  const deadline = Date.now() + server.startTimeoutMs;
  if ((await runningPostmaster(server.dataDirectory)) === undefined) {
    await untilReaped(server.dataDirectory);
    await runCommand(server, 'start', server.startTimeoutMs);
  }
  const connection = await proven(server, await connectWhenReady(server, deadline));
  await connection.close();
}

/** A start command may come back before there is a process; one that is gone for so long has ended. */
const GONE_MS = 2000;
/** What a killed server leaves (its last processes, its shared memory) can keep the next one from starting at first. */
const STARTS = 3;

async function connectWhenReady(server: LiveServer, deadlineMs: number): Promise<Connection> {
  let starts = 1;
  let lastSeenMs = Date.now();
  for (;;) {
    try {
      return await connect(server.connection);
    } catch (error) {
      if (!isFailure(error, 'unavailable') || Date.now() > deadlineMs) throw error;
    }
    if ((await runningPostmaster(server.dataDirectory)) !== undefined) lastSeenMs = Date.now();
    if (Date.now() - lastSeenMs > GONE_MS) {
      if (starts === STARTS) throw hasEnded(server);
      starts += 1;
      await runCommand(server, 'start', server.startTimeoutMs);
      lastSeenMs = Date.now();
    }
    await sleep(POLL_MS);
  }
}

function hasEnded({ dataDirectory, values }: LiveServer): Failure {
  return new Failure('failed', {
    message: `cannot start the server on ${dataDirectory}: it has ended again`,
    remedy: `Its log says why (${values.logFile}, if it is not kept elsewhere). Mend that and go on.`,
  });
}

/**
 * Connects to the live server and proves that it is the one on its data directory.
 *
 * @throws {Failure} `refused` if another server answers there.
 */
export async function connectToLive(server: LiveServer): Promise<Connection> {
  return proven(server, await connect(server.connection));
}

/** The connection, which leads to the server on the data directory. It is closed otherwise. */
async function proven(server: LiveServer, connection: Connection): Promise<Connection> {
  try {
    if (await isOnDirectory(server, connection)) return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
  await connection.close();
  throw new Failure('refused', {
    message: `cannot use the server that answers at port ${server.connection.port}: it is not the one on ${server.dataDirectory}`,
    remedy: 'Correct the data directory, host or port in the settings; they must mean one server.',
  });
}

/** Data that were moved have the same system identifier: of these only the process tells which answers. */
async function isOnDirectory({ dataDirectory, connection: { port } }: LiveServer, connection: Connection) {
  const [row] = await connection.query('select system_identifier::text as id from pg_control_system()');
  const { systemIdentifier } = await controlFileOf(dataDirectory);
  const postmaster = await runningPostmaster(dataDirectory);
  return row?.['id'] === systemIdentifier.toString() && postmaster?.port === port;
}
