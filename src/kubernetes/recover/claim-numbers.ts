/**
 * Which of a cluster's claims are its members', and which an earlier scale-down has left. Whoever scales up later starts what is on
 * those: after a recovery that would be the history of before.
 *
 * @module
 */

import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { ordinalOf } from './names.ts';

/** How many members it is to have, and the numbers of the claims beyond, the lowest first. */
export interface ClaimNumbers {
  readonly memberCount: number;
  readonly leftOver: readonly number[];
}

/**
 * @param prefix of its claims' names, without the last hyphen: `storage-volume-shop`.
 * @param replicas wanted now; scaled to 0, every claim is a member's.
 */
export function claimNumbers(
  prefix: string,
  replicas: number,
  claims: readonly Pick<PersistentVolumeClaim, 'metadata'>[],
): ClaimNumbers {
  const numbers = claims
    .map(({ metadata }) => ordinalOf(metadata?.name ?? '', prefix))
    .filter((one) => one !== undefined)
    .toSorted((a, b) => a - b);
  const memberCount = replicas > 0 ? replicas : Math.max(0, ...numbers) + 1;
  return { memberCount, leftOver: numbers.filter((one) => one >= memberCount) };
}
