/**
 * A recovery in its namespace: one ConfigMap with the plan and the journal. Any machine that reaches the API can read how far
 * it is, go on with it or undo it.
 *
 * A line is appended on the condition that nobody has written since: of two that go on with the same recovery, one fails before
 * it does anything.
 *
 * @module
 */

import { createHash } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import type { Journal, JournalEntry } from '../../recovery/journal.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { ConfigMap } from '../api/kubernetes-objects.ts';
import { journalName, STATEFUL_SET_LABEL } from './names.ts';
import { labelsOf, RECOVERY_LABEL } from '../rehearse/rehearsal-names.ts';
import type { ResetPlan } from '../reset/plan-value.ts';
import { isResetStep, type ResetStep } from '../reset/step-names.ts';
import type { NamespacePlan } from './plan-value.ts';
import { isSwapStep, type SwapStep } from './step-names.ts';
import { entriesOf, journalObject, journalRef, openJournalOf } from './write-journal.ts';

/** The journal of a recovery in a namespace. */
export type SwapJournal = Journal<SwapStep>;
/** One line of it. */
export type SwapEntry = JournalEntry<SwapStep>;

/** The journal of a reset. */
export type ResetJournal = Journal<ResetStep>;
/** One line of it. */
export type ResetEntry = JournalEntry<ResetStep>;

/** A recovery as it is in its namespace. */
export interface StoredRecovery {
  readonly plan: NamespacePlan;
  readonly entries: readonly SwapEntry[];
}

/** A reset as it is in its namespace. */
export interface StoredReset {
  readonly plan: ResetPlan;
  readonly entries: readonly ResetEntry[];
}

/** What is planned and written down in the same way. */
type StoredPlan = NamespacePlan | ResetPlan;

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function planText(plan: StoredPlan): string {
  const text = JSON.stringify(plan);
  return `${digestOf(text)}\n${text}\n`;
}

function isPlan(value: unknown): value is StoredPlan {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'swap' in value;
}

function isReset(plan: StoredPlan): plan is ResetPlan {
  return 'reset' in plan;
}

function planIn({ data }: ConfigMap, id: string): StoredPlan {
  const text = data?.['plan'] ?? '';
  const [digest = '', body = ''] = text.split('\n');
  const value: unknown = digestOf(body) === digest ? JSON.parse(body) : undefined;
  if (isPlan(value) && value.recovery.id === id) return value;
  throw new Failure('corrupt', {
    message: `cannot use the plan in the ConfigMap ${journalName(id)}: it is not as it was written`,
    remedy: 'Make a new one:  walkback recover plan',
  });
}

function recoveryPlanIn(object: ConfigMap, id: string): NamespacePlan {
  const plan = planIn(object, id);
  if (!isReset(plan)) return plan;
  throw new Failure('usage', {
    message: `cannot treat ${id} as a recovery: it is a reset of ${plan.swap.statefulSet.name}`,
    remedy: `Go on with it:  walkback cluster reset ${id}\nGo back:  walkback undo ${id}`,
  });
}

function resetPlanIn(object: ConfigMap, id: string): ResetPlan {
  const plan = planIn(object, id);
  if (isReset(plan)) return plan;
  throw new Failure('usage', {
    message: `cannot treat ${id} as a reset: it is a recovery of ${plan.swap.statefulSet.name}`,
    remedy: `Go on with it:  walkback recover run ${id}`,
  });
}

/** Writes a new recovery, of which nothing has been done. @throws {Failure} `conflict` if the id is taken. */
export async function createRecovery(api: KubernetesApi, plan: StoredPlan): Promise<void> {
  const { id } = plan.recovery;
  await api.create<ConfigMap>({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: journalName(id),
      labels: { ...labelsOf(id), [STATEFUL_SET_LABEL]: plan.swap.statefulSet.name },
    },
    data: { plan: planText(plan), journal: '' },
  });
}

/** One recovery. @throws {Failure} `usage` if there is none, `corrupt` if it is not as it was written. */
export async function readRecovery(api: KubernetesApi, id: string): Promise<StoredRecovery> {
  const object = await journalObject(api, id);
  return { plan: recoveryPlanIn(object, id), entries: entriesOf(object, id, isSwapStep) };
}

/** One reset. @throws {Failure} as {@link readRecovery}. */
export async function readReset(api: KubernetesApi, id: string): Promise<StoredReset> {
  const object = await journalObject(api, id);
  return { plan: resetPlanIn(object, id), entries: entriesOf(object, id, isResetStep) };
}

/** True if this id is a reset's. @throws {Failure} as {@link readRecovery}. */
export async function isResetId(api: KubernetesApi, id: string): Promise<boolean> {
  return isReset(planIn(await journalObject(api, id), id));
}

/** The journals of a StatefulSet, or of all there are, by their ids. */
async function journalsOf(
  api: KubernetesApi,
  statefulSet: string | undefined,
): Promise<{ id: string; object: ConfigMap }[]> {
  const labels = statefulSet === undefined ? STATEFUL_SET_LABEL : `${STATEFUL_SET_LABEL}=${statefulSet}`;
  const objects = await api.list<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap' }, { labels });
  return objects.flatMap((object) => {
    const id = object.metadata?.labels?.[RECOVERY_LABEL];
    return id === undefined || object.metadata?.name !== journalName(id) ? [] : [{ id, object }];
  });
}

function newestFirst<T extends { readonly plan: StoredPlan }>(found: readonly T[]): T[] {
  return found.toSorted((a, b) => (a.plan.recovery.createdAt < b.plan.recovery.createdAt ? 1 : -1));
}

/** Every recovery of a StatefulSet, or of all there are, newest plan first. */
export async function listStoredRecoveries(
  api: KubernetesApi,
  statefulSet: string | undefined,
): Promise<StoredRecovery[]> {
  const found = (await journalsOf(api, statefulSet)).flatMap(({ id, object }) => {
    const plan = planIn(object, id);
    return isReset(plan) ? [] : [{ plan, entries: entriesOf(object, id, isSwapStep) }];
  });
  return newestFirst(found);
}

/** Every reset of a StatefulSet, newest plan first. */
export async function listStoredResets(api: KubernetesApi, statefulSet: string): Promise<StoredReset[]> {
  const found = (await journalsOf(api, statefulSet)).flatMap(({ id, object }) => {
    const plan = planIn(object, id);
    return isReset(plan) ? [{ plan, entries: entriesOf(object, id, isResetStep) }] : [];
  });
  return newestFirst(found);
}

/** Replaces the plan of a rehearsal that is stepped on. */
export async function replacePlan(api: KubernetesApi, plan: NamespacePlan): Promise<void> {
  await api.patch(journalRef(plan.recovery.id), { type: 'merge', body: { data: { plan: planText(plan) } } });
}

/** The journal's object, for what is to go when that goes. */
export async function journalOwner(
  api: KubernetesApi,
  id: string,
): Promise<{ apiVersion: string; kind: string; name: string; uid: string }> {
  const { metadata } = await journalObject(api, id);
  return { apiVersion: 'v1', kind: 'ConfigMap', name: journalName(id), uid: metadata?.uid ?? '' };
}

/** Opens a recovery's journal to go on writing it. The caller holds the Lease. */
export async function openNamespaceJournal(
  api: KubernetesApi,
  id: string,
  now: () => Date,
  onEntry: (entry: SwapEntry) => void = () => {},
): Promise<{ readonly plan: NamespacePlan; readonly journal: SwapJournal }> {
  const { object, journal } = await openJournalOf(api, id, { isName: isSwapStep, now, onEntry });
  return { plan: recoveryPlanIn(object, id), journal };
}

/** As {@link openNamespaceJournal}, of a reset. */
export async function openResetJournal(
  api: KubernetesApi,
  id: string,
  now: () => Date,
  onEntry: (entry: ResetEntry) => void = () => {},
): Promise<{ readonly plan: ResetPlan; readonly journal: ResetJournal }> {
  const { object, journal } = await openJournalOf(api, id, { isName: isResetStep, now, onEntry });
  return { plan: resetPlanIn(object, id), journal };
}
