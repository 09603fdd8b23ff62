/**
 * A StatefulSet that removes its claims when it is scaled down takes the data along, both that of before and the recovered.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { WhereWeAre } from '../api/kubernetes-api.ts';
import type { StatefulSet } from '../api/kubernetes-objects.ts';

/** @throws {Failure} `refused` if scaling it to 0 would remove its volumes. */
export function refuseScaledDelete(where: WhereWeAre, { metadata, spec }: StatefulSet): void {
  if (spec?.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return;
  const name = metadata?.name ?? '';
  throw new Failure('refused', {
    message: `cannot scale ${name} to 0: its persistentVolumeClaimRetentionPolicy.whenScaled is Delete, so that would remove its volumes`,
    remedy: `Change that first:  ${kubectlIn(where)} patch statefulset ${name} --type merge --patch '{"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Retain"}}}'\nAnd in the chart's values, if it comes from there.`,
  });
}
