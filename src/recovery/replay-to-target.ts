/**
 * Starts a rehearsal and waits until it stands at its target: paused, in recovery, and nowhere else.
 *
 * @module
 */

import { feedFor } from './feed-wal.ts';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import type { Connection } from '../instance/connection.ts';
import {
  checkItRuns,
  startPrivateServer,
  stopPrivateServer,
  untilItAnswers,
  type PrivateServer,
} from '../instance/private-server.ts';
import { readReplayProgress, type ReplayProgress } from '../instance/replay-progress.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import { isStepDone } from './journal.ts';
import type { Plan } from './plan-value.ts';
import { preparePrivateServers } from './rehearsal-files.ts';
import { plannedLsn, rehearsalServer, type ReplayContext } from './recovery-context.ts';

const POLL_MS = 50;
/** What replay leaves to the live server. */
const LEAST_FREE_BYTES = 128n * 1024n ** 2n;

/** A server at the target, and what it says of itself. */
export interface Standing {
  readonly server: PrivateServer;
  readonly progress: ReplayProgress;
}

function report(context: ReplayContext, progress: ReplayProgress): void {
  const { replay } = context.plan;
  if (progress.replayLsn === undefined) return;
  const at = progress.lastTransactionUs;
  context.uses.onProgress({
    phase: 'replay',
    done: Number(progress.replayLsn - plannedLsn(replay.fromLsn)),
    total: Number(plannedLsn(context.plan.target.lsn) - plannedLsn(replay.fromLsn)),
    unit: 'bytes',
    ...(at === undefined ? {} : { note: `at ${formatTimeUs(at)}` }),
  });
}

/** Until it stands still, or has left recovery. */
async function untilAtEnd(
  context: ReplayContext,
  server: PrivateServer,
  connection: Connection,
): Promise<ReplayProgress> {
  for (;;) {
    context.uses.signal?.throwIfAborted();
    if (connection.lost.aborted) await checkItRuns(server);
    const progress = await readReplayProgress(connection);
    if (!progress.isInRecovery || progress.isPaused) return progress;
    report(context, progress);
    checkRoomForLive(await context.uses.cluster.freeBytes(), context.plan);
    await sleep(POLL_MS);
  }
}

/**
 * Replay may fill the file system that the live server is on, which a full one would stop.
 *
 * @throws {Failure} `unavailable` while there is still some room; the rehearsal is stopped then.
 */
export function checkRoomForLive(freeBytes: bigint, { id, space }: Pick<Plan, 'id' | 'space'>): void {
  if (freeBytes >= LEAST_FREE_BYTES) return;
  throw new Failure('unavailable', {
    message: `cannot replay further: only ${freeBytes} bytes are free on the file system of ${space.folder}, and the live server needs them`,
    remedy: `Make room and go on:  walkback rehearse ${id}\nOr throw the rehearsal away:  walkback rehearse --discard ${id}`,
  });
}

function wentThrough({ plan }: ReplayContext): Failure {
  return new Failure('refused', {
    message: `cannot pause at ${plan.target.lsn}: the rehearsal has opened instead, as the server does when a snapshot with many open subtransactions keeps it from hot standby`,
    remedy: `Throw it away and plan from an earlier backup:  walkback rehearse --discard ${plan.id}`,
  });
}

/**
 * What the server says must agree with the plan: neither short of the target nor past it. Only positions tell: the time of
 * the last transaction is not kept over a restart, nor set by a target that is a commit itself.
 */
function checkStanding({ plan }: ReplayContext, { replayLsn }: ReplayProgress): void {
  const target = plannedLsn(plan.target.lsn);
  const { lastKept, inclusive } = plan.target;
  const isShort = replayLsn === undefined || (lastKept !== null && replayLsn <= plannedLsn(lastKept.lsn));
  const isPast = replayLsn !== undefined && (inclusive ? replayLsn <= target : replayLsn > target);
  if (!isShort && !isPast) return;
  throw new Failure('failed', {
    message: `cannot use the rehearsal: it stands at ${replayLsn === undefined ? 'no position' : formatLsn(replayLsn)}, planned was ${plan.target.lsn}`,
    remedy: `Throw it away and plan again:  walkback rehearse --discard ${plan.id}`,
  });
}

/**
 * Brings the rehearsal to its target, wherever it stands: not started, replaying, there already, or promoted by a run that
 * was killed while it waited for that. Whoever takes an open one must prove what was opened.
 *
 * @throws {Failure} `failed` with the server's own words if it ends, or stands elsewhere.
 */
export async function replayOrFindOpen(context: ReplayContext): Promise<Standing> {
  const { uses, plan } = context;
  await preparePrivateServers(context);
  await using feed = feedFor(context, uses.cluster.placeOf(plan.id, 'rehearsal'));
  const server = rehearsalServer(context, feed.restoreCommand);
  await startPrivateServer(server);
  try {
    await using connection = await untilItAnswers(server, uses.signal);
    const progress = await untilAtEnd(context, server, connection);
    if (progress.isInRecovery) checkStanding(context, progress);
    if (!isStepDone(context.journal?.entries ?? [], 'replay')) report(context, progress);
    return { server, progress };
  } catch (error) {
    await stopPrivateServer(server.dataDirectory);
    throw error;
  }
}

/**
 * Brings the rehearsal to its target, and has it stand there.
 *
 * @throws {Failure} as {@link replayOrFindOpen}; `refused` if it opened instead of pausing.
 */
export async function replayToTarget(context: ReplayContext): Promise<Standing> {
  const standing = await replayOrFindOpen(context);
  if (standing.progress.isInRecovery) return standing;
  await stopPrivateServer(standing.server.dataDirectory);
  throw wentThrough(context);
}
