/**
 * One pod, whose image clones by itself: followed by its log until Patroni has taken over what came of it, and stopped at the first
 * sign that it has left the way to the target.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure, messageOf } from '../../../base/failure.ts';
import type { StepFacts } from '../../../recovery/journal.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/kubernetes-objects.ts';
import type { SwapContext } from '../context.ts';
import { claimRef } from '../exchange-claim.ts';
import { firstPod } from '../open-steps.ts';
import { readPatroniState } from '../patroni-objects.ts';
import { podServer, untilPrimary } from '../pod-server.ts';
import { podRef, statefulSetRef } from '../pods-gone.ts';
import { replicasOf, scaleTo } from '../scale.ts';
import { NOTHING_SEEN, seenLine, type CloneSight } from './clone-log.ts';
import { cloneProgress } from './clone-progress.ts';
import { measureClone } from './measure-clone.ts';
import { cloneOf } from './template-steps.ts';

const POLL_MS = 1000;
/** A restore takes as long as it takes; what goes wrong is seen much earlier. */
const CLONE_MS = 86_400_000;
const PRIMARY_MS = 120_000;

function isVoid(context: SwapContext, why: string): Failure {
  return new Failure('failed', {
    message: `cannot clone ${context.plan.swap.statefulSet.name}: ${why}`,
    remedy: `It is scaled to 0, and what it has restored is not used. Take it back:  walkback undo ${context.plan.recovery.id}`,
  });
}

/** Half of a restore is opened without its target by the next start: it is never started again. */
async function checkFirstAttempt(context: SwapContext): Promise<void> {
  const [member] = context.plan.swap.members;
  const claim = await context.uses.api.get<PersistentVolumeClaim>(claimRef(member?.claim ?? ''));
  if (claim === undefined) return;
  throw isVoid(context, 'an attempt was broken off, and would go on without its target');
}

interface Followed extends AsyncDisposable {
  sight(): CloneSight;
}

/** Reads the log beside the waiting. What it cannot be read for is thrown by `sight`. */
function followLog({ uses, plan }: SwapContext, pod: string): Followed {
  const over = new AbortController();
  let sight = NOTHING_SEEN;
  let failure: unknown;
  const reading = (async () => {
    try {
      for await (const line of uses.api.followLogs(pod, plan.swap.live.container, over.signal))
        sight = seenLine(sight, line);
    } catch (error) {
      if (!over.signal.aborted) failure = error;
    }
  })();
  return {
    sight: () => {
      if (failure !== undefined) throw failure;
      return sight;
    },
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await reading;
    },
  };
}

/** Why the attempt cannot end at the target, from its pod: started again, it would go on without. */
function whyBroken(pod: Pod | undefined, first: Pod | undefined, container: string): string | undefined {
  const name = first?.metadata?.name ?? '';
  if (pod?.metadata?.uid !== first?.metadata?.uid || pod?.metadata?.deletionTimestamp !== undefined)
    return `pod ${name} was removed in the middle of its restore`;
  const restarts = pod?.status?.containerStatuses?.find((one) => one.name === container)?.restartCount ?? 0;
  return restarts === 0 ? undefined : `the container of ${name} was started again in the middle of its restore`;
}

/** True once Patroni has taken the data over, and leads with it. */
async function isTakenOver(context: SwapContext): Promise<boolean> {
  const { patroni } = context.plan.swap;
  if (patroni === null) return false;
  const { leader, initialize } = await readPatroniState(context.uses.api, patroni);
  return leader === firstPod(context) && /^\d+$/.test(initialize ?? '');
}

async function untilRunning(context: SwapContext, pod: string): Promise<Pod | undefined> {
  const { api, signal } = context.uses;
  return api.until<Pod>(podRef(pod), `pod ${pod} to run`, (found) => found?.status?.phase === 'Running', {
    timeoutMs: PRIMARY_MS * 5,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function untilTakenOver(context: SwapContext, first: Pod | undefined): Promise<CloneSight> {
  const { uses, plan } = context;
  const pod = firstPod(context);
  await using log = followLog(context, pod);
  using measuring = measureClone(context, pod);
  const deadline = Date.now() + CLONE_MS;
  for (;;) {
    uses.signal?.throwIfAborted();
    const broken = whyBroken(await uses.api.get<Pod>(podRef(pod)), first, plan.swap.live.container);
    if (broken !== undefined) throw isVoid(context, broken);
    const sight = log.sight();
    if (sight.wrong !== undefined) throw isVoid(context, sight.wrong);
    if (await isTakenOver(context)) return sight;
    if (Date.now() > deadline) throw isVoid(context, `nothing has come of it in a day: ${sight.phase}`);
    uses.onProgress(cloneProgress(plan.recovery, sight, measuring.last(sight)));
    await sleep(POLL_MS);
  }
}

/** Scales to 1, and waits until what the image has cloned takes writes. */
export async function openClone(context: SwapContext): Promise<StepFacts> {
  const { api, signal } = context.uses;
  const ref = statefulSetRef(context.plan.swap.statefulSet.name);
  const pod = firstPod(context);
  if ((await replicasOf(api, ref)) === 0) {
    await checkFirstAttempt(context);
    await scaleTo(api, ref, 1);
  }
  try {
    const { phase } = await untilTakenOver(context, await untilRunning(context, pod));
    await untilPrimary(podServer(context), pod, PRIMARY_MS, signal);
    return { seen: phase, archive: cloneOf(context).archive.to };
  } catch (error) {
    // What has left its way is not left running: it would be taken for the recovered database.
    if (isFailure(error, 'failed')) await scaleTo(api, ref, 0).catch((also: unknown) => messageOf(also));
    throw error;
  }
}
