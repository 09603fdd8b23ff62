/**
 * What a recovery has done, where people look: Events and an annotation of the StatefulSet, which `kubectl describe` shows.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import type { Event, StatefulSet } from '../api/kubernetes-objects.ts';
import type { WorkContext } from './context.ts';
import { statefulSetRef } from './pods-gone.ts';

/** What happened; the reason of an Event. */
export type StoryReason =
  | 'RecoveryCutover'
  | 'Recovered'
  | 'RecoveryUndo'
  | 'RecoveryUndoGivenUp'
  | 'RecoveryUndone'
  | 'RecoveryFailed'
  | 'RecoveryReleased'
  | 'ResetBegun'
  | 'Reset'
  | 'ResetUndo'
  | 'ResetUndone'
  | 'ResetFailed'
  | 'ResetReleased';

/** The longest note that the API takes. */
const MOST_NOTE = 1024;

/** Of what somebody should look at. */
const WARNINGS: ReadonlySet<StoryReason> = new Set(['RecoveryFailed', 'ResetFailed']);

/** The StatefulSet as it is now; `undefined`: there is none, or nothing says so. */
async function statefulSetNow({ uses, plan }: WorkContext): Promise<StatefulSet | undefined> {
  return uses.api.get<StatefulSet>(statefulSetRef(plan.swap.statefulSet.name)).catch(() => undefined);
}

/** Writes an Event. It is for people: that it could not be written ends nothing. */
export async function tellEvent(context: WorkContext, reason: StoryReason, note: string): Promise<void> {
  const { uses, plan } = context;
  const { api } = uses;
  const { name, uid: plannedUid } = plan.swap.statefulSet;
  // One that was made anew has another: what is told of the old one is shown of neither.
  const uid = (await statefulSetNow(context))?.metadata?.uid ?? plannedUid;
  const at = new Date(Number(uses.nowUs() / 1000n)).toISOString().replace(/Z$/, '000Z');
  const { namespace } = api.where;
  const event: Event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace },
    involvedObject: { apiVersion: 'apps/v1', kind: 'StatefulSet', name, namespace, uid },
    reason,
    message: note.slice(0, MOST_NOTE),
    type: WARNINGS.has(reason) ? 'Warning' : 'Normal',
    eventTime: at,
    reportingComponent: 'walkback',
    reportingInstance: `walkback-${plan.recovery.id}`,
    action: reason,
  };
  await api.create(event).catch(() => {});
}

/** The recovery that the annotation tells of. */
const OF = 'walkback/recovery';

/** The annotation: what the cluster is now, and how to take it back. */
export async function annotate({ uses, plan }: WorkContext, story: string): Promise<void> {
  const annotations = { [OF]: plan.recovery.id, 'walkback/story': story };
  await uses.api.patch(statefulSetRef(plan.swap.statefulSet.name), {
    type: 'merge',
    body: { metadata: { annotations } },
  });
}

/** As {@link annotate}, in the middle: there may be no StatefulSet just now, and the work does not depend on it. */
export async function annotateIfThere(context: WorkContext, story: string): Promise<void> {
  if ((await statefulSetNow(context)) !== undefined) await annotate(context, story).catch(() => {});
}

/** As {@link annotateIfThere}, unless another recovery has told its story since. */
export async function annotateIfOurs(context: WorkContext, story: string): Promise<void> {
  const found = await statefulSetNow(context);
  if (found?.metadata?.annotations?.[OF] === context.plan.recovery.id) await annotateIfThere(context, story);
}
