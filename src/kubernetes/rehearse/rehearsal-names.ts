/**
 * What the objects of rehearsals are called, and what is written on them.
 *
 * No label of theirs is one that the cluster's Services, disruption budgets or network policies select by: a rehearsal is no member.
 *
 * @module
 */

/** On every object of one recovery: its id. */
export const RECOVERY_LABEL = 'walkback/recovery';
/** On pods: what they are for. */
const PART_LABEL = 'walkback/part';

/** On pods: the plan, and how the program in it is asked. */
export const PLAN_ANNOTATION = 'walkback/plan';
export const ASK_ANNOTATION = 'walkback/ask';
/** On the rehearsal's claim: what is on it. */
export const HOLDS_ANNOTATION = 'walkback/holds';

/** What a pod of ours is for. */
export type PodPart = 'rehearsal' | 'volume';

/** The container of such a pod. */
export const CONTAINER: Readonly<Record<PodPart, string>> = { rehearsal: 'rehearsal', volume: 'volume' };

/** Job, NetworkPolicy and claim of a rehearsal; the Job of work on a volume has what it does behind it. */
export function objectName(id: string): string {
  return `walkback-${id}`;
}

/** Labels of objects of one recovery. */
export function labelsOf(id: string): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'walkback', [RECOVERY_LABEL]: id };
}

/** Labels of a pod: no Service selects by any of them. */
export function podLabels(id: string, part: PodPart): Record<string, string> {
  return { ...labelsOf(id), [PART_LABEL]: part };
}
