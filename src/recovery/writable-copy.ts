/**
 * A promoted copy of a standing rehearsal, for checks that write. It is thrown away, and its timeline, history and WAL go
 * nowhere: archiving is off, and no feed ever pushes.
 *
 * @module
 */

import { readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import {
  startPrivateServer,
  stopPrivateServer,
  untilItAnswers,
  type PrivateServer,
} from '../instance/private-server.ts';
import { runProgram } from '../instance/run-program.ts';
import { directorySize } from './directory-size.ts';
import { feedFor } from './feed-wal.ts';
import { untilOpen } from './promote.ts';
import { privateServer, recoveryFile, rehearsalServer, type ReplayContext } from './recovery-context.ts';
import { replayToTarget } from './replay-to-target.ts';

const COPY_TIMEOUT_MS = 24 * 3_600_000;

/** What the live server, on the same file system, must not be left without. */
const ROOM_BYTES = 512n * 1024n ** 2n;

/** True if copies cost no room. Tried, because only the file system knows. */
async function canReflink(from: string, folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const argv = ['cp', '--reflink=always', '--', join(from, 'PG_VERSION'), join(folder, 'reflink')];
  return (await runProgram(argv, { timeoutMs: COPY_TIMEOUT_MS })).code === 0;
}

/** @throws {Failure} `refused` if the copy would leave the live server without room. */
export function checkRoomForCopy(neededBytes: bigint, freeBytes: bigint): void {
  if (freeBytes >= neededBytes + ROOM_BYTES) return;
  throw new Failure('refused', {
    message: `cannot copy the rehearsal for checks that write: it has ${neededBytes} bytes, and ${freeBytes} are free beside the live server`,
    remedy: 'Make room there, or run only checks that read.',
  });
}

async function checkRoom(context: ReplayContext, rehearsal: string, folder: string): Promise<void> {
  if (await canReflink(rehearsal, folder)) return;
  const tablespaces = await directorySize(recoveryFile(context, 'tablespaces'));
  checkRoomForCopy((await directorySize(rehearsal)) + tablespaces, await context.uses.cluster.freeBytes());
}

/** Reflinks where the file system has them: then it costs no time and no room. */
async function copyFolder(from: string, to: string): Promise<void> {
  const flags = process.platform === 'linux' ? ['-a', '--reflink=auto'] : ['-a'];
  const end = await runProgram(['cp', ...flags, '--', from, to], { timeoutMs: COPY_TIMEOUT_MS });
  if (end.code === 0) return;
  throw new Failure('failed', {
    message: `cannot copy ${from} to ${to}: cp ended with ${end.code ?? 'a signal'}`,
    remedy: 'Make room on that file system, or run only reading checks.',
    facts: end.output.split('\n').slice(-4),
  });
}

/** The copy's tablespaces are copies too: its links must not lead to the rehearsal's. */
async function copyTablespaces(dataDirectory: string, folder: string): Promise<void> {
  const links = join(dataDirectory, 'pg_tblspc');
  await makeFolder(folder);
  for (const oid of await readdir(links)) {
    const place = join(folder, oid);
    await copyFolder(await readlink(join(links, oid)), place);
    await rm(join(links, oid));
    await symlink(place, join(links, oid));
  }
}

/**
 * Makes the copy, promotes it, gives it to `work`, and throws it away, whatever came of it. The rehearsal is stopped for
 * the copy and stands at its target again afterwards.
 */
export async function withWritableCopy<T>(
  context: ReplayContext,
  work: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  const rehearsal = context.uses.cluster.placeOf(context.plan.id, 'rehearsal');
  const folder = recoveryFile(context, 'copy');
  const dataDirectory = join(folder, 'data');
  await stopPrivateServer(dataDirectory);
  await rm(folder, { recursive: true, force: true });
  try {
    await makeFolder(folder);
    await checkRoom(context, rehearsal, folder);
    await stopPrivateServer(rehearsal);
    await copyFolder(rehearsal, dataDirectory);
    await copyTablespaces(dataDirectory, join(folder, 'tablespaces'));
    return await work(await promotedCopy(context, dataDirectory));
  } finally {
    await stopPrivateServer(dataDirectory, 'immediate');
    await rm(folder, { recursive: true, force: true });
    await replayToTarget(context);
  }
}

async function promotedCopy(context: ReplayContext, dataDirectory: string): Promise<PrivateServer> {
  await using feed = feedFor(context, dataDirectory);
  const { replay } = rehearsalServer(context, feed.restoreCommand).settings;
  const server = privateServer(context, {
    dataDirectory,
    name: 'copy',
    archiving: 'off',
    ...(replay === undefined ? {} : { replay }),
  });
  await startPrivateServer(server);
  await using connection = await untilItAnswers(server);
  await connection.query('select pg_promote(true, 600)');
  await untilOpen(server, connection);
  return server;
}
