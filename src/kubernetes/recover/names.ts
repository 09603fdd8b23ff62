/**
 * What the objects of a recovery are called. Every name is made of the recovery's id, so that whoever comes later finds them,
 * and so that nothing that belongs to somebody else is ever meant.
 *
 * @module
 */

/** On journals: of which StatefulSet. */
export const STATEFUL_SET_LABEL = 'walkback/statefulset';

/** The ConfigMap with the plan and the journal. */
export function journalName(id: string): string {
  return `walkback-recovery-${id}`;
}

/** The Secret with objects as they were before they were changed: their variables may hold passwords. */
export function savedName(id: string): string {
  return `walkback-recovery-${id}-saved`;
}

/** The Lease that whoever works on a StatefulSet's recoveries holds. */
export function leaseName(statefulSet: string): string {
  return `walkback-${statefulSet}`;
}

/** The claim of a member of a StatefulSet. Source: `getPersistentVolumeClaimName` in pkg/controller/statefulset. */
export function memberClaim(template: string, statefulSet: string, ordinal: number): string {
  return `${template}-${statefulSet}-${ordinal}`;
}

/** The claim that says what a volume is which a recovery has put aside. */
export function keptClaim(id: string, holds: 'kept' | 'replaced', ordinal: number): string {
  return `walkback-${id}-${holds}-${ordinal}`;
}

/** The claim of a member of a StatefulSet made anew around a rehearsal's claim, which is the first member's. */
export function claimMadeAnew(rehearsalClaim: string, ordinal: number): string {
  return rehearsalClaim.replace(/\d+$/, String(ordinal));
}

/** The number of a pod in its StatefulSet; `undefined` for a pod of something else. */
export function ordinalOf(pod: string, statefulSet: string): number | undefined {
  if (!pod.startsWith(`${statefulSet}-`)) return undefined;
  const rest = pod.slice(statefulSet.length + 1);
  return /^\d+$/.test(rest) ? Number(rest) : undefined;
}
