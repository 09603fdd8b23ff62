/**
 * Opens a replayed server on the timeline that is reserved for it, and proves that it stopped where it was planned to.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { sqlStateOf } from '../instance/connection.ts';
import { runningPostmaster } from '../instance/postmaster.ts';
import { connectToPrivate, type PrivateServer } from '../instance/private-server.ts';
import type { TimelineSwitch } from '../postgres/timeline-history.ts';
import { feedFor } from './feed-wal.ts';
import { forgetUnfinishedPromotion, isStillToRecover, proveTimeline, reopen, stopLsnOf, untilOpen } from './promote.ts';
import { plannedLsn, rehearsalServer, type ReplayContext } from './recovery-context.ts';
import { preparePrivateServers } from './rehearsal-files.ts';
import { replayOrFindOpen } from './replay-to-target.ts';

/** The history file must say that recovery stopped at the planned record, and on the planned side of it. */
function checkStoppedAtTarget({ plan }: ReplayContext, branch: TimelineSwitch): void {
  const stop = stopLsnOf(branch);
  const isTarget =
    stop !== undefined && stop.lsn === plannedLsn(plan.target.lsn) && stop.inclusive === plan.target.inclusive;
  if (isTarget && branch.timeline === plan.target.timeline) return;
  throw new Failure('refused', {
    message: `cannot use the promoted rehearsal: its history says ${JSON.stringify(branch.reason)} of timeline ${branch.timeline}, planned was ${plan.target.inclusive ? 'after' : 'before'} LSN ${plan.target.lsn} of timeline ${plan.target.timeline}`,
    remedy: `Undo it:  walkback undo ${plan.id}`,
  });
}

const NOT_IN_RECOVERY = '55000';

/** A run that was killed may have asked for it already; its wish is granted up to a second later, whoever lives. */
async function openNow(server: PrivateServer): Promise<void> {
  await using connection = await connectToPrivate(server);
  try {
    await connection.query('select pg_promote(true, 600)');
  } catch (error) {
    if (sqlStateOf(error) !== NOT_IN_RECOVERY) throw error;
  }
  await untilOpen(server, connection);
}

/**
 * Opens it, from wherever an earlier run was interrupted. The server goes on running.
 *
 * @returns how the reserved timeline branched off, as its history file says.
 * @throws {Failure} `refused` if it is another timeline, or did not stop at the target.
 */
export async function openReserved(context: ReplayContext, reserved: number): Promise<TimelineSwitch> {
  const directory = context.uses.cluster.placeOf(context.plan.id, 'rehearsal');
  const mustOpen = await isStillToRecover(directory);
  if (mustOpen) {
    // One that runs may be writing just this file.
    if ((await runningPostmaster(directory)) === undefined) await forgetUnfinishedPromotion(directory, reserved);
    await replayOrFindOpen(context);
  }
  await preparePrivateServers(context);
  await using feed = feedFor(context, directory);
  const server = rehearsalServer(context, feed.restoreCommand);
  if (mustOpen) await openNow(server);
  await using connection = await reopen(server);
  const branch = await proveTimeline(server, connection, reserved);
  checkStoppedAtTarget(context, branch);
  return branch;
}
