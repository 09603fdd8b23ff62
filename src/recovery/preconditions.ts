/**
 * What a plan was made on, proven again when it is run.
 *
 * @module
 */

import { join } from 'node:path';

import { listBackups } from '../backup/list.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import { isThere } from '../instance/durable-rename.ts';
import { timelineOf } from '../postgres/control-file.ts';
import { stateOf } from './journal.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { checkMayCutOver } from './patroni-problems.ts';
import { checkNoNewTimeline } from './new-timelines.ts';
import { unfinishedSwaps } from './status.ts';

function changed(context: RecoveryContext, found: string): Failure {
  return new Failure('refused', {
    message: `cannot run plan ${context.plan.id}: ${found}`,
    remedy: 'Make a new plan:  walkback recover plan',
  });
}

/**
 * A replica may be rehearsed beside, but not swapped out: its primary would go on, and the new timeline in the archive that
 * they share would take the other replicas away from it.
 */
async function checkIsPrimary({ uses, plan }: RecoveryContext): Promise<void> {
  const { dataDirectory } = uses.cluster;
  if (await isThere(join(dataDirectory, 'recovery.signal'))) {
    throw new Failure('refused', {
      message: `cannot cut over to recovery ${plan.id}: the server on ${dataDirectory} is in the middle of a recovery of its own`,
      remedy: 'Let it come to its end, or promote it (pg_ctl promote); then plan again.',
    });
  }
  if (!(await isThere(join(dataDirectory, 'standby.signal')))) return;
  throw new Failure('refused', {
    message: `cannot cut over to recovery ${plan.id}: the server on ${uses.cluster.dataDirectory} is a replica`,
    remedy: 'Recover on the host of its primary, or promote it first if that is gone; then plan again.',
  });
}

/** What is in the way is told before the cutover has begun; a switchover that is under way is waited for then. */
async function checkCluster({ uses }: RecoveryContext): Promise<void> {
  const survey = await uses.cluster.patroni?.survey();
  if (survey === undefined) return;
  const isUnderWay = survey.switchover !== null && survey.switchover.scheduledAt === null;
  checkMayCutOver(isUnderWay ? { ...survey, switchover: null } : survey);
}

/** Two swaps of the same live data would each take what the other has put in place for the data from before. */
async function checkNoOtherSwap({ uses, plan }: RecoveryContext): Promise<void> {
  const [other] = (await unfinishedSwaps(uses.cluster)).filter((id) => id !== plan.id);
  if (other === undefined) return;
  throw new Failure('refused', {
    message: `cannot cut over to recovery ${plan.id}: recovery ${other} of the same cluster is half done`,
    remedy: `See how to finish it, or to take it back:  walkback recover status ${other}`,
  });
}

/**
 * Looked at before a cutover that was begun is gone on with: until the live data are set aside, another history may have begun
 * on them, or elsewhere.
 *
 * @throws {Failure} `refused` as {@link checkNoNewTimeline}.
 */
export async function checkNothingNew(context: RecoveryContext): Promise<void> {
  const { uses, plan } = context;
  if (await uses.cluster.isPresent(plan.id, 'kept')) return;
  await checkNoNewTimeline(context).catch((error: unknown) => {
    throw isFailure(error, 'refused') ? takenBackFirst(plan.id, error) : error;
  });
}

function takenBackFirst(id: string, refused: Failure): Failure {
  const { message, remedy, facts } = refused;
  const first = `Take back what it has begun:  walkback undo ${id}`;
  return new Failure('refused', { message, remedy: `${first}\n${remedy}`, facts, cause: refused });
}

/** @throws {Failure} `refused` if something the plan was made on has changed, or a cutover is not for this server. */
export async function checkPreconditions(context: RecoveryContext): Promise<void> {
  const { uses, plan, journal } = context;
  const { preconditions } = plan;
  if (stateOf(journal.entries) === 'standing') {
    await checkNoOtherSwap(context);
    await checkCluster(context);
    await checkIsPrimary(context);
  }
  const [problem] = await uses.cluster.placeProblems();
  if (problem !== undefined) throw new Failure('refused', problem);
  const control = await controlFileOf(uses.cluster.dataDirectory);
  if (control.systemIdentifier.toString() !== preconditions.systemIdentifier) {
    throw changed(
      context,
      `the data directory is of system ${control.systemIdentifier}, planned was ${preconditions.systemIdentifier}`,
    );
  }
  const timeline = timelineOf(control);
  if (timeline !== preconditions.liveTimeline) {
    throw changed(
      context,
      `the server is on timeline ${timeline}, it was on ${preconditions.liveTimeline} when it was planned`,
    );
  }
  if (uses.store.address !== preconditions.archiveAddress) {
    throw changed(context, `the archive is ${uses.store.address}, planned was ${preconditions.archiveAddress}`);
  }
  await checkNoNewTimeline(context);
  const isBackupThere = (await listBackups(uses.store)).some((backup) => backup.name === preconditions.backupName);
  if (!isBackupThere) throw changed(context, `its backup ${preconditions.backupName} is no longer in the archive`);
  const freeBytes = await uses.cluster.freeBytes();
  const isRestored = await uses.cluster.isPresent(plan.id, 'rehearsal');
  if (!isRestored && freeBytes < BigInt(plan.space.neededBytes)) {
    throw changed(
      context,
      `${plan.space.folder} has ${freeBytes} bytes free, and ${plan.space.neededBytes} are needed`,
    );
  }
}
