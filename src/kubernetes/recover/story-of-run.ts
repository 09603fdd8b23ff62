/**
 * What `kubectl describe` shows of a run as a whole: that it has begun, that it has stopped, that it was taken back, that there is no
 * way back any more. What its last step has made of the cluster is told by that step.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { WorkContext } from './context.ts';
import { annotateIfOurs, annotateIfThere, tellEvent } from './tell-story.ts';

/** What is run: a recovery or a reset. */
export type Work = 'recovery' | 'reset';

/** From here on the annotation of before is not true any more. @param does `its cutover`, `its undo`. */
export async function tellBegun(context: WorkContext, work: Work, does: string): Promise<void> {
  const { id } = context.plan.recovery;
  const words = `${work} ${id}: ${does} has begun, and is not at its end: walkback recover status ${id}`;
  await annotateIfThere(context, words);
}

/** It was taken back before anybody could see anything of it. */
export async function tellTakenBack(context: WorkContext, work: Work): Promise<void> {
  const { id } = context.plan.recovery;
  const words = `${work} ${id} was taken back before it was at its end: the cluster is as it was before`;
  await annotateIfThere(context, words);
  await tellEvent(context, work === 'recovery' ? 'RecoveryUndone' : 'ResetUndone', words);
}

/** An undo was given up. */
export async function tellStayed(context: WorkContext): Promise<void> {
  const { id } = context.plan.recovery;
  await annotateIfThere(
    context,
    `recovery ${id}: its undo was given up, and the recovered data is live; the data from before is kept: walkback undo ${id}, or walkback release ${id}`,
  );
}

/** Why a run has not come to its end, and what to type. A run that somebody has stopped says so if the cluster is down. */
export async function tellStopped(context: WorkContext, work: Work, error: unknown, isUp: boolean): Promise<void> {
  if (!isFailure(error) && isUp) return;
  const { id } = context.plan.recovery;
  const why = isFailure(error)
    ? `${error.message}. ${error.remedy}`
    : `its run was stopped, and the cluster is DOWN now: walkback recover status ${id}`;
  const note = `${work} ${id}: ${why.replaceAll(/\s*\n\s*/g, ' ')}`;
  await tellEvent(context, work === 'recovery' ? 'RecoveryFailed' : 'ResetFailed', note);
}

/** What it kept is gone. */
export async function tellReleased(context: WorkContext, work: Work): Promise<void> {
  const { id } = context.plan.recovery;
  const words = `${work} ${id} is released: what it kept is gone, and there is no way back from it any more`;
  await annotateIfOurs(context, words);
  await tellEvent(context, work === 'recovery' ? 'RecoveryReleased' : 'ResetReleased', words);
}
