/**
 * `walkback recover status` and `walkback release` in a namespace.
 *
 * @module
 */

import type { OpenNamespace } from '../../app/open-namespace-recovery.ts';
import { findCarrier } from '../../kubernetes/carry/carrier.ts';
import { confirmWord } from '../../kubernetes/recover/plan-value.ts';
import { isResetId } from '../../kubernetes/recover/journal-object.ts';
import { openSwap } from '../../kubernetes/recover/recover.ts';
import { releaseSwap, swapReleasePlan } from '../../kubernetes/recover/release.ts';
import { listSwaps, swapStatus, type SwapStatus } from '../../kubernetes/recover/status.ts';
import { isResetOver, listResets } from '../../kubernetes/reset/status.ts';
import type { Answer } from '../command.ts';
import {
  confirmQuestion,
  namespaceRecoveriesText,
  namespaceReleaseText,
  namespaceStatusText,
} from '../output/namespace-text.ts';
import { resetsText } from '../output/reset-text.ts';
import type { Session } from '../session.ts';
import { releaseResetInNamespace, statusOfReset } from './reset.ts';

function isOver({ state, claims, isReleaseUnfinished }: SwapStatus): boolean {
  return (state === 'discarded' || (state === 'released' && !isReleaseUnfinished)) && claims.length === 0;
}

/** One recovery, or those of the StatefulSet. */
export async function statusInNamespace(opened: OpenNamespace, id: string | undefined, all: boolean): Promise<Answer> {
  const { api } = opened.uses;
  if (id !== undefined && (await isResetId(api, id))) return statusOfReset(api, id);
  if (id !== undefined) {
    const status = await swapStatus(api, id);
    const carrier = await findCarrier(api, id);
    const work = carrier?.state === 'atWork' ? carrier.work : undefined;
    return { text: (screen) => namespaceStatusText(status, work, screen), json: { ...status, carrier } };
  }
  const statefulSet = await opened.statefulSet();
  const found = await listSwaps(api, statefulSet);
  const resets = (await listResets(api, statefulSet)).filter((one) => all || !isResetOver(one));
  const shown = all ? found : found.filter((one) => !isOver(one));
  const recoveries = shown.map(({ id: one, state, plan, claims }) => ({
    id: one,
    state,
    target: plan.recovery.target,
    claims,
  }));
  const hiddenCount = found.length - shown.length;
  return {
    text: (screen) => `${namespaceRecoveriesText(shown, hiddenCount, screen)}${resetsText(resets, screen)}`,
    json: { recoveries, hiddenCount, resets: resets.map(({ id: one, state, claims }) => ({ id: one, state, claims })) },
  };
}

/** Removes what a recovery that is over has kept. */
export async function releaseInNamespace(
  opened: OpenNamespace,
  given: { readonly id: string; readonly dryRun: boolean; readonly yes: boolean },
  session: Session,
): Promise<Answer> {
  const { id, dryRun, yes } = given;
  if (await isResetId(opened.uses.api, id)) return releaseResetInNamespace(opened, given, session);
  await using recovery = await openSwap(opened.uses, id);
  const { context } = recovery;
  const planned = await swapReleasePlan(context);
  if (dryRun) return { text: () => namespaceReleaseText(planned, false), json: { id, ...planned, removed: false } };
  const does = `${namespaceReleaseText(planned, false)}Afterwards recovery ${id} cannot be undone.`;
  const question = { question: confirmQuestion(context.plan, does), word: confirmWord(context.plan), flag: '--yes' };
  if (!yes && !(await session.questions.confirm(question))) {
    return { text: () => 'Nothing has been removed.\n', json: { id, ...planned, removed: false } };
  }
  const released = await releaseSwap(context);
  return { text: () => namespaceReleaseText(released, true), json: { id, ...released, removed: true } };
}
