/**
 * The variables of a *clone* are taken out of the template again, and out of the pod that has cloned, which is started once more for
 * it: left behind, they would restore the old target whenever data and keys are lost (F-28). The other members start without them.
 *
 * It is stopped and started under a paused Patroni, as a cutover is: of itself Patroni would open one more timeline than was proven.
 *
 * @module
 */

import type { StepFacts } from '../../../recovery/journal.ts';
import type { Pod } from '../../api/kubernetes-objects.ts';
import type { SwapContext } from '../context.ts';
import { firstPod } from '../open-steps.ts';
import { clearPatroniStatus } from '../patroni-objects.ts';
import { pausePatroni } from '../pause-patroni.ts';
import { stopServerOf } from '../pod-server.ts';
import { podRef, statefulSetRef, untilPodsGone } from '../pods-gone.ts';
import { replicasOf, scaleTo } from '../scale.ts';
import { untilOpen } from '../until-open.ts';
import { isToldToClone, recoveredPatch, strategyPatch } from './clone-template.ts';
import { cloneOf, patchStatefulSet, savedStatefulSet } from './template-steps.ts';

const GONE_MS = 3_600_000;

/** Ends the pod that has cloned. One without the variables is what comes after it. */
async function endPod(context: SwapContext): Promise<void> {
  const { uses, plan } = context;
  const { api } = uses;
  const { patroni, statefulSet, live } = plan.swap;
  const name = firstPod(context);
  const pod = await api.get<Pod>(podRef(name));
  if (patroni === null || (pod !== undefined && !isToldToClone(pod.spec, live.container))) return;
  if (pod === undefined) {
    if ((await replicasOf(api, statefulSetRef(statefulSet.name))) === 0) await clearPatroniStatus(api, patroni);
    return;
  }
  if (pod.metadata?.deletionTimestamp === undefined && pod.status?.phase === 'Running') {
    await pausePatroni(uses, { patroni, pods: [name], container: live.container });
    await stopServerOf(uses, name, plan.swap, uses.signal);
  }
  await scaleTo(api, statefulSetRef(statefulSet.name), 0);
  await untilPodsGone(api, [{ name, uid: pod.metadata?.uid }], { timeoutMs: GONE_MS, onProgress: uses.onProgress });
  await clearPatroniStatus(api, patroni);
}

/** Takes them out. May be called again after it was interrupted anywhere. */
export async function removeVariables(context: SwapContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const ref = statefulSetRef(plan.swap.statefulSet.name);
  const saved = await savedStatefulSet(context);
  await patchStatefulSet(context, recoveredPatch(saved, cloneOf(context)));
  await endPod(context);
  if ((await replicasOf(uses.api, ref)) === 0) await scaleTo(uses.api, ref, 1);
  await untilOpen(context, firstPod(context));
  await patchStatefulSet(context, strategyPatch(saved));
  return {};
}
