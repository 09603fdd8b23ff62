/**
 * The kept data of a recovery, opened on a timeline of their own before they go live again: whoever follows the newest history
 * (replicas, restores to `latest`) follows it then, and not the line that was left.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import type { NeededRole } from '../cluster/patroni-control.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import { isThere } from '../instance/durable-rename.ts';
import {
  startPrivateServer,
  stopPrivateServer,
  untilItAnswers,
  type PrivateServer,
} from '../instance/private-server.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { feedFor } from './feed-wal.ts';
import type { StepFacts } from './journal.ts';
import { readLine } from './line-of-archive.ts';
import { endCleanly, forgetUnfinishedPromotion, NO_RESTORE, proveTimeline, reopen, untilOpen } from './promote.ts';
import { privateServer, recoveryFile, type PrivateContext, type ReplayUses } from './recovery-context.ts';
import { copyDurably, preparePrivateServers } from './rehearsal-files.ts';
import { setPasswords } from './set-passwords.ts';
import { archivedTimelines, isReservedFor, reserveTimeline } from './timeline-numbers.ts';

/** One recovery's kept data. Settings that they need are read from their control file. */
export interface KeptContext extends PrivateContext {
  readonly uses: Omit<ReplayUses, 'onProgress'>;
}

function keptDirectory({ uses, plan }: KeptContext): string {
  return uses.cluster.placeOf(plan.id, 'kept');
}

/** A number above all that the archive has. The same one again, whenever it is asked for this undo. */
export async function reserveForKept(context: KeptContext): Promise<number> {
  const { uses, plan } = context;
  const kept = keptDirectory(context);
  const holder = `${plan.id}-undo`;
  const { timeline } = await controlFileOf(kept);
  // An earlier run has opened it, and died before anybody heard of that: its history is in no archive yet.
  if (await isReservedFor(uses.store, timeline, holder)) {
    await checkStillNewest(context, timeline);
    return timeline;
  }
  return reserveTimeline({
    store: uses.store,
    line: await readLine(uses.store, timeline),
    holder,
    walDirectory: join(kept, 'pg_wal'),
  });
}

/**
 * The recovered data may have been up since, where an undo was given up: what has opened a timeline then (Patroni knows of no
 * reservation) has made a second history of this number, or a newer one.
 */
async function checkStillNewest({ uses, plan }: KeptContext, opened: number): Promise<void> {
  const newer = (await archivedTimelines(uses.store)).filter((timeline) => timeline >= opened);
  if (newer.length === 0) return;
  throw new Failure('refused', {
    message: `cannot put the data from before recovery ${plan.id} back: it has opened timeline ${opened}, and the archive has got timeline ${newer.join(', ')} since`,
    remedy: `Stay with the recovered data:  walkback recover run ${plan.id}\nWhat is kept can still be read: start a server on a copy of it.`,
  });
}

/** Its own settings are needed for its replication slots: they refuse a server with fewer, or a lower wal_level. */
async function keptServer(context: KeptContext, restoreCommand: string): Promise<PrivateServer> {
  const directory = keptDirectory(context);
  const control = await controlFileOf(directory);
  const server = privateServer(context, {
    dataDirectory: directory,
    name: 'undo',
    archiving: 'held',
    replay: { restoreCommand, timeline: 'current' },
  });
  const slots = await readdir(join(directory, 'pg_replslot')).catch(() => []);
  const { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction } =
    control;
  const required = {
    maxConnections,
    maxWorkerProcesses,
    maxWalSenders,
    maxPreparedTransactions,
    maxLocksPerTransaction,
  };
  const walLevel = control.walLevel === 'logical' ? 'logical' : 'replica';
  return { ...server, settings: { ...server.settings, required, walLevel, replicationSlots: slots.length } };
}

/** How the live server was started last is read from this file at its next start; ours must not stay in it. */
async function saveOptions(context: KeptContext): Promise<void> {
  const saved = recoveryFile(context, 'postmaster.opts.kept');
  const own = join(keptDirectory(context), 'postmaster.opts');
  if (!(await isThere(saved)) && (await isThere(own))) await copyDurably(own, saved);
}

async function putOptionsBack(context: KeptContext): Promise<void> {
  const saved = recoveryFile(context, 'postmaster.opts.kept');
  if (await isThere(saved)) await copyDurably(saved, join(keptDirectory(context), 'postmaster.opts'));
}

/** Opens it there, from wherever an earlier run was interrupted. The server goes on running. */
export async function openKept(context: KeptContext, reserved: number): Promise<StepFacts> {
  const directory = keptDirectory(context);
  await saveOptions(context);
  await preparePrivateServers(context);
  await using feed = feedFor(context, directory);
  const server = await keptServer(context, feed.restoreCommand);
  const isOpened = async (): Promise<boolean> => (await controlFileOf(directory)).timeline === reserved;
  // One that runs may be opening just now: between its signal file and its control file nothing tells.
  if (!(await isOpened())) await stopPrivateServer(directory);
  if (!(await isOpened())) {
    await writeFileDurably(join(directory, 'recovery.signal'), Buffer.alloc(0));
    await forgetUnfinishedPromotion(directory, reserved);
  }
  await startPrivateServer(server);
  await using connection = await untilItAnswers(server);
  await untilOpen(server, connection);
  const branch = await proveTimeline(server, connection, reserved);
  return { timeline: reserved, reason: branch.reason, switchLsn: formatLsn(branch.switchLsn) };
}

/** They may have been changed since it was the live data. */
export async function setKeptPasswords(context: KeptContext, roles: readonly NeededRole[]): Promise<StepFacts> {
  await preparePrivateServers(context);
  await using connection = await reopen(await keptServer(context, NO_RESTORE));
  // The connection is closed when this returns.
  return await setPasswords(connection, roles);
}

/** Stops it wherever it is; how the live server was started last is in its own file again. */
export async function endKept(context: KeptContext): Promise<void> {
  const directory = keptDirectory(context);
  await stopPrivateServer(directory);
  if (await isThere(directory)) await putOptionsBack(context);
}

/** A clean shutdown on its number, proven. @param remedy what to do if it is not. */
export async function stopKept(context: KeptContext, reserved: number, remedy: string): Promise<void> {
  const directory = keptDirectory(context);
  await preparePrivateServers(context);
  await endCleanly(await keptServer(context, NO_RESTORE));
  await putOptionsBack(context);
  const control = await controlFileOf(directory);
  if (isShutDown(control) && control.timeline === reserved) return;
  throw new Failure('failed', {
    message: `cannot put the kept data back: its control file says "${control.state}" on timeline ${control.timeline}`,
    remedy,
  });
}
