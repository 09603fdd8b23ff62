/**
 * What a recovery has done, where people look: Events and an annotation of the StatefulSet, which `kubectl describe` shows.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import type { Event } from '../api/kubernetes-objects.ts';
import type { WorkContext } from './context.ts';
import { statefulSetRef } from './pods-gone.ts';

/** What happened; the reason of an Event. */
export type StoryReason =
  | 'RecoveryCutover'
  | 'Recovered'
  | 'RecoveryUndo'
  | 'RecoveryUndoGivenUp'
  | 'RecoveryUndone'
  | 'ResetBegun'
  | 'Reset'
  | 'ResetUndo'
  | 'ResetUndone';

/** The longest note that the API takes. */
const MOST_NOTE = 1024;

/** Writes an Event. It is for people: that it could not be written ends nothing. */
export async function tellEvent({ uses, plan }: WorkContext, reason: StoryReason, note: string): Promise<void> {
  const { api } = uses;
  const { name, uid } = plan.swap.statefulSet;
  const at = new Date(Number(uses.nowUs() / 1000n)).toISOString().replace(/Z$/, '000Z');
  const { namespace } = api.where;
  const event: Event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace },
    involvedObject: { apiVersion: 'apps/v1', kind: 'StatefulSet', name, namespace, uid },
    reason,
    message: note.slice(0, MOST_NOTE),
    type: 'Normal',
    eventTime: at,
    reportingComponent: 'walkback',
    reportingInstance: `walkback-${plan.recovery.id}`,
    action: reason,
  };
  await api.create(event).catch(() => {});
}

/** The annotation: what the cluster is now, and how to take it back. */
export async function annotate({ uses, plan }: WorkContext, story: string): Promise<void> {
  const { id } = plan.recovery;
  const annotations = { 'walkback/recovery': id, 'walkback/story': story };
  await uses.api.patch(statefulSetRef(plan.swap.statefulSet.name), {
    type: 'merge',
    body: { metadata: { annotations } },
  });
}
