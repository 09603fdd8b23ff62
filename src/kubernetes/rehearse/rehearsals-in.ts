/**
 * Rehearsals of one namespace, over its API.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { PRIVATE_PORT } from '../../recovery/recovery-context.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Job, PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { newRequestId } from '../volume/requests.ts';
import type { FinishedVolume, VolumeStatus } from '../volume/volume-status.ts';
import { askRehearsal, runningPod } from './ask-rehearsal.ts';
import { endJob } from './end-job.ts';
import { ensureObject, isOfRecovery, nameIsTaken } from './ensure-object.ts';
import { claimRef, isOver, jobRef } from './look-at-pod.ts';
import { ensurePolicy } from './pod-policy.ts';
import type { RehearsalFound, RehearsalRef, RehearsalRequest, Rehearsals, RehearsalWatch } from './rehearsal.ts';
import { objectName } from './rehearsal-names.ts';
import { claimName, rehearsalObjects } from './rehearsal-objects.ts';
import { runTasksJob } from './run-tasks-job.ts';
import { failureOfStatus, lookAtRehearsal, watchRehearsal } from './watch-rehearsal.ts';

const GONE_MS = 120_000;

async function start(api: KubernetesApi, request: RehearsalRequest): Promise<RehearsalRef> {
  const { id } = request.plan;
  const { claim, job } = rehearsalObjects(request);
  const name = claimName(request);
  await ensurePolicy(api, job);
  const made =
    claim === undefined
      ? await api.get<PersistentVolumeClaim>(claimRef(name))
      : await ensureObject(api, claimRef(name), claim, id);
  await ensureObject(api, jobRef(objectName(id)), job, id);
  return { id, job: objectName(id), claim: name, claimUid: made?.metadata?.uid ?? '', place: request.place.kind };
}

async function find(
  api: KubernetesApi,
  { id, claim: name, place }: Parameters<Rehearsals['find']>[0],
): Promise<RehearsalFound> {
  const job = await api.get<Job>(jobRef(objectName(id)));
  if (job !== undefined && !isOfRecovery(job, id)) throw nameIsTaken(jobRef(objectName(id)), id);
  const claim = await api.get<PersistentVolumeClaim>(claimRef(name));
  const claimUid = claim !== undefined && isOfRecovery(claim, id) ? (claim.metadata?.uid ?? '') : '';
  return { ref: { id, job: objectName(id), claim: name, claimUid, place }, hasJob: job !== undefined };
}

function claimIsGone({ id, claim }: RehearsalRef): Failure {
  return new Failure('failed', {
    message: `cannot go on with rehearsal ${id}: its claim ${claim} is not there, or is another one`,
    remedy: `What was restored is gone with it. Throw it away and plan again:  walkback undo ${id}`,
  });
}

/** A Job that has ended without anybody having read what came of it says it once more. */
async function isAtWork(api: KubernetesApi, ref: RehearsalRef): Promise<boolean> {
  const job = await api.get<Job>(jobRef(ref.job));
  if (job === undefined || job.metadata?.deletionTimestamp !== undefined || isOver(job, 'Failed')) return false;
  if (!isOver(job, 'Complete')) return true;
  const { status } = await lookAtRehearsal(api, ref);
  return status?.finished !== undefined && status.finished !== null;
}

/** Where it can be asked for something, also to try again. */
const CAN_BE_ASKED: ReadonlySet<VolumeStatus['state']> = new Set([
  'standing',
  'checking',
  'finishing',
  'finished',
  'failed',
]);

async function goOn(
  api: KubernetesApi,
  ref: RehearsalRef,
  request: RehearsalRequest,
  watch: RehearsalWatch,
): Promise<void> {
  if (await isAtWork(api, ref)) return;
  const { job } = rehearsalObjects(request);
  const claim = await api.get<PersistentVolumeClaim>(claimRef(ref.claim));
  if (claim === undefined || claim.metadata?.uid !== ref.claimUid) throw claimIsGone(ref);
  await endJob(api, ref.job, watch.signal, true);
  await ensurePolicy(api, job);
  await ensureObject(api, jobRef(ref.job), job, ref.id);
  await watchRehearsal(api, ref, watch, (status) => CAN_BE_ASKED.has(status.state));
}

/** Of a rehearsal that cannot go on by itself. */
function checkNotFailed(status: VolumeStatus, what: string): void {
  if (status.state === 'failed') throw failureOfStatus(status, what);
}

async function finish(api: KubernetesApi, ref: RehearsalRef, watch: RehearsalWatch): Promise<FinishedVolume> {
  const now = await lookAtRehearsal(api, ref);
  if (now.status?.finished !== null && now.status?.finished !== undefined) return now.status.finished;
  const askedAt = await askToFinish(api, ref, watch);
  const what = `finish rehearsal ${ref.id}`;
  const status = await watchRehearsal(api, ref, watch, (one) => {
    if (one.finished !== null) return true;
    const isNew = askedAt === undefined || one.at > askedAt;
    if (isNew && one.problem !== null && (one.state === 'failed' || one.state === 'standing'))
      throw failureOfStatus(one, what);
    return false;
  });
  if (status.finished !== null) return status.finished;
  throw failureOfStatus(status, what);
}

/** When, by the pod's clock; `undefined` if it had ended meanwhile: an earlier call had asked. */
async function askToFinish(api: KubernetesApi, ref: RehearsalRef, watch: RehearsalWatch): Promise<string | undefined> {
  try {
    return (await askRehearsal(api, ref, { id: 'finish', kind: 'finish' }, watch.signal)).askedAt;
  } catch (error) {
    if (!isFailure(error, 'unavailable')) throw error;
    const { status } = await lookAtRehearsal(api, ref);
    if (status?.finished !== null && status?.finished !== undefined) return undefined;
    throw error;
  }
}

async function removeClaim(api: KubernetesApi, ref: RehearsalRef, { signal }: RehearsalWatch): Promise<void> {
  const claim = await api.get<PersistentVolumeClaim>(claimRef(ref.claim));
  if (claim === undefined || claim.metadata?.uid !== ref.claimUid) return;
  await api.delete(claimRef(ref.claim), { uid: ref.claimUid });
  await api.until<PersistentVolumeClaim>(
    claimRef(ref.claim),
    `claim ${ref.claim} to be gone`,
    (found) => found?.metadata?.uid !== ref.claimUid,
    { timeoutMs: GONE_MS, ...(signal === undefined ? {} : { signal }) },
  );
}

/** A rehearsal of this namespace may have been swapped in; a claim that has become the live one is another claim. */
async function discard(
  api: KubernetesApi,
  ref: RehearsalRef,
  request: RehearsalRequest | undefined,
  watch: RehearsalWatch,
): Promise<void> {
  await endJob(api, ref.job, watch.signal);
  if (ref.place === 'newClaim') return removeClaim(api, ref, watch);
  if (request === undefined) throw new TypeError('what is in a live claim is removed by a Job');
  const { live, walkback, archive, variables, owner } = request;
  await runTasksJob(
    api,
    {
      name: `${ref.id}-remove`,
      live,
      walkback,
      archive,
      ...(variables === undefined ? {} : { variables }),
      ...(owner === undefined ? {} : { owner }),
      tasks: [{ do: 'remove', id: ref.id, what: 'rehearsal' }],
    },
    watch,
  );
}

/** Rehearsals in the namespace of an API. */
export function rehearsalsIn(api: KubernetesApi): Rehearsals {
  return {
    start: (request) => start(api, request),
    find: (wanted) => find(api, wanted),
    goOn: (ref, request, watch) => goOn(api, ref, request, watch),
    look: (ref) => lookAtRehearsal(api, ref),
    untilStanding: (ref, watch) =>
      watchRehearsal(api, ref, watch, (status) => {
        checkNotFailed(status, `rehearse ${ref.id}`);
        // A check that a killed walkback has left runs on: it is waited for here, while the cluster is up.
        return status.state === 'standing';
      }),
    check: async (ref, { checks, database, isWritable }, watch) => {
      const request = { id: newRequestId(), kind: 'check', checks, database, isWritable } as const;
      const answer = await askRehearsal(api, ref, request, watch.signal);
      return answer.kind === 'checked' ? answer.results : [];
    },
    step: async (ref, plan, watch) => {
      const id = `step-${plan.target.lsn.toLowerCase().replace('/', '-')}-${plan.target.inclusive ? 'after' : 'before'}`;
      await askRehearsal(api, ref, { id, kind: 'step', plan }, watch.signal);
      return watchRehearsal(api, ref, watch, (status) => {
        checkNotFailed(status, `step rehearsal ${ref.id} on`);
        return status.state === 'standing' && status.targetLsn === plan.target.lsn;
      });
    },
    openPort: async (ref) => api.forwardPort((await runningPod(api, ref)).metadata?.name ?? '', PRIVATE_PORT),
    finish: (ref, watch) => finish(api, ref, watch),
    end: (ref, { signal }) => endJob(api, ref.job, signal),
    discard: (ref, request, watch) => discard(api, ref, request, watch),
    run: (request, watch) => runTasksJob(api, request, watch),
    endRun: (name, { signal }) => endJob(api, objectName(name), signal, true),
  };
}
