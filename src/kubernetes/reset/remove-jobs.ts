/**
 * Jobs of the release that have ended, and would be taken for work that was done for the new cluster.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Job, StatefulSet } from '../api/kubernetes-objects.ts';
import { RECOVERY_LABEL } from '../rehearse/rehearsal-names.ts';
import type { ResetContext } from './context.ts';
import type { LeftOverJob } from './plan-value.ts';

/** By which charts say to which release something belongs; the newer name first. */
const RELEASE_LABELS = ['app.kubernetes.io/instance', 'release'] as const;

function hasEnded({ status }: Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
}

/** True if a Job has the release's label of the StatefulSet. Those of walkback's own recoveries are theirs. */
export function isOfRelease({ metadata: job }: Job, { metadata: statefulSet }: StatefulSet): boolean {
  if (job?.labels?.[RECOVERY_LABEL] !== undefined) return false;
  return RELEASE_LABELS.some((label) => {
    const release = statefulSet?.labels?.[label];
    return release !== undefined && job?.labels?.[label] === release;
  });
}

/** Those that have ended. */
export async function leftOverJobs(api: KubernetesApi, statefulSet: StatefulSet): Promise<readonly LeftOverJob[]> {
  const jobs = await api.list<Job>({ apiVersion: 'batch/v1', kind: 'Job' });
  return jobs
    .filter((job) => hasEnded(job) && isOfRelease(job, statefulSet))
    .map(({ metadata }) => ({ name: metadata?.name ?? '', uid: metadata?.uid ?? '' }));
}

/** Removes exactly those of the plan. One that was made anew is another one, and stays. */
export async function removeJobs({ uses, plan }: ResetContext): Promise<StepFacts> {
  const removed: string[] = [];
  for (const { name, uid } of plan.reset.jobs) {
    const ref = { apiVersion: 'batch/v1', kind: 'Job', name };
    const isRemoved = await uses.api.delete(ref, { uid, propagation: 'Background' }).then(
      () => true,
      (error: unknown) => {
        if (!isFailure(error, 'conflict')) throw error;
        return false;
      },
    );
    if (isRemoved) removed.push(name);
  }
  return { removed: removed.join(', ') };
}
