/**
 * A member of a plan, for tests of what is done with members.
 *
 * @module
 */

import type { PlannedMember } from '../plan-value.ts';

/** The member of this number, of a cluster called `shop`. */
export function plannedMember(ordinal: number): PlannedMember {
  return {
    pod: `shop-${ordinal}`,
    ordinal,
    claim: `storage-volume-shop-${ordinal}`,
    claimUid: `c-${ordinal}`,
    volume: `pv-${ordinal}`,
    size: '1Gi',
    storageClass: null,
    keptAs: null,
  };
}
