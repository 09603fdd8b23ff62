/**
 * `walkback recover status` and `walkback release` in a namespace.
 *
 * @module
 */

import type { OpenNamespace } from '../../app/open-namespace-recovery.ts';
import { findCarrier } from '../../kubernetes/carry/carrier.ts';
import { confirmWord } from '../../kubernetes/recover/plan-value.ts';
import { openSwap } from '../../kubernetes/recover/recover.ts';
import { releaseSwap, swapReleasePlan } from '../../kubernetes/recover/release.ts';
import { listSwaps, swapStatus, type SwapStatus } from '../../kubernetes/recover/status.ts';
import type { Answer } from '../command.ts';
import {
  confirmQuestion,
  namespaceRecoveriesText,
  namespaceReleaseText,
  namespaceStatusText,
} from '../output/namespace-text.ts';
import type { Session } from '../session.ts';

function isOver({ state, claims }: SwapStatus): boolean {
  return (state === 'discarded' || state === 'released') && claims.length === 0;
}

/** One recovery, or those of the StatefulSet. */
export async function statusInNamespace(opened: OpenNamespace, id: string | undefined, all: boolean): Promise<Answer> {
  const { api } = opened.uses;
  if (id !== undefined) {
    const status = await swapStatus(api, id);
    const carrier = await findCarrier(api, id);
    const work = carrier?.state === 'atWork' ? carrier.work : undefined;
    return { text: (screen) => namespaceStatusText(status, work, screen), json: { ...status, carrier } };
  }
  const found = await listSwaps(api, await opened.statefulSet());
  const shown = all ? found : found.filter((one) => !isOver(one));
  const recoveries = shown.map(({ id: one, state, plan, claims }) => ({
    id: one,
    state,
    target: plan.recovery.target,
    claims,
  }));
  const hiddenCount = found.length - shown.length;
  return { text: (screen) => namespaceRecoveriesText(shown, hiddenCount, screen), json: { recoveries, hiddenCount } };
}

/** Removes what a recovery that is over has kept. */
export async function releaseInNamespace(
  opened: OpenNamespace,
  given: { readonly id: string; readonly dryRun: boolean; readonly yes: boolean },
  session: Session,
): Promise<Answer> {
  const { id, dryRun, yes } = given;
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
