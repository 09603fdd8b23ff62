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

import { Failure, isFailure } from '../../base/failure.ts';
import { parseJournalOf, type Journal, type JournalEntry } from '../../recovery/journal.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { ConfigMap } from '../api/kubernetes-objects.ts';
import { journalName, STATEFUL_SET_LABEL } from './names.ts';
import { labelsOf, RECOVERY_LABEL } from '../rehearse/rehearsal-names.ts';
import type { NamespacePlan } from './plan-value.ts';
import { isSwapStep, type SwapStep } from './step-names.ts';

/** The journal of a recovery in a namespace. */
export type SwapJournal = Journal<SwapStep>;
/** One line of it. */
export type SwapEntry = JournalEntry<SwapStep>;

/** A recovery as it is in its namespace. */
export interface StoredRecovery {
  readonly plan: NamespacePlan;
  readonly entries: readonly SwapEntry[];
}

function refOf(id: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: journalName(id) };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function planText(plan: NamespacePlan): string {
  const text = JSON.stringify(plan);
  return `${digestOf(text)}\n${text}\n`;
}

function isPlan(value: unknown): value is NamespacePlan {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'swap' in value;
}

function parsePlan(text: string, id: string): NamespacePlan {
  const [digest = '', body = ''] = text.split('\n');
  const value: unknown = digestOf(body) === digest ? JSON.parse(body) : undefined;
  if (isPlan(value) && value.recovery.id === id) return value;
  throw new Failure('corrupt', {
    message: `cannot use the plan in the ConfigMap ${journalName(id)}: it is not as it was written`,
    remedy: 'Make a new one:  walkback recover plan',
  });
}

function entriesIn({ data }: ConfigMap, id: string): SwapEntry[] {
  const where = `in the ConfigMap ${journalName(id)}`;
  return parseJournalOf(Buffer.from(data?.['journal'] ?? ''), where, isSwapStep).entries;
}

/** Writes a new recovery, of which nothing has been done. @throws {Failure} `conflict` if the id is taken. */
export async function createRecovery(api: KubernetesApi, plan: NamespacePlan): Promise<void> {
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

async function objectOf(api: KubernetesApi, id: string): Promise<ConfigMap> {
  const object = await api.get<ConfigMap>(refOf(id));
  if (object !== undefined) return object;
  throw new Failure('usage', {
    message: `cannot find recovery ${id} in namespace ${api.where.namespace} of ${api.where.context}: there is no ConfigMap ${journalName(id)}`,
    remedy: 'List the recoveries there:  walkback recover status',
  });
}

/** One recovery. @throws {Failure} `usage` if there is none, `corrupt` if it is not as it was written. */
export async function readRecovery(api: KubernetesApi, id: string): Promise<StoredRecovery> {
  const object = await objectOf(api, id);
  return { plan: parsePlan(object.data?.['plan'] ?? '', id), entries: entriesIn(object, id) };
}

/** Every recovery of a StatefulSet, or of all there are, newest plan first. */
export async function listStoredRecoveries(
  api: KubernetesApi,
  statefulSet: string | undefined,
): Promise<StoredRecovery[]> {
  const labels = statefulSet === undefined ? STATEFUL_SET_LABEL : `${STATEFUL_SET_LABEL}=${statefulSet}`;
  const objects = await api.list<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap' }, { labels });
  const found = objects.flatMap((object) => {
    const id = object.metadata?.labels?.[RECOVERY_LABEL];
    if (id === undefined || object.metadata?.name !== journalName(id)) return [];
    return [{ plan: parsePlan(object.data?.['plan'] ?? '', id), entries: entriesIn(object, id) }];
  });
  return found.toSorted((a, b) => (a.plan.recovery.createdAt < b.plan.recovery.createdAt ? 1 : -1));
}

/** Replaces the plan of a rehearsal that is stepped on. */
export async function replacePlan(api: KubernetesApi, plan: NamespacePlan): Promise<void> {
  await api.patch(refOf(plan.recovery.id), { type: 'merge', body: { data: { plan: planText(plan) } } });
}

/** The journal's object, for what is to go when that goes. */
export async function journalOwner(
  api: KubernetesApi,
  id: string,
): Promise<{ apiVersion: string; kind: string; name: string; uid: string }> {
  const { metadata } = await objectOf(api, id);
  return { apiVersion: 'v1', kind: 'ConfigMap', name: journalName(id), uid: metadata?.uid ?? '' };
}

function writtenMeanwhile(id: string): Failure {
  return new Failure('conflict', {
    message: `cannot go on with recovery ${id}: somebody else has written its journal meanwhile`,
    remedy: `See who works on it:  walkback recover status ${id}`,
  });
}

/** Opens a recovery's journal to go on writing it. The caller holds the Lease. */
export async function openNamespaceJournal(
  api: KubernetesApi,
  id: string,
  now: () => Date,
  onEntry: (entry: SwapEntry) => void = () => {},
): Promise<{ readonly plan: NamespacePlan; readonly journal: SwapJournal }> {
  let object = await objectOf(api, id);
  const entries = entriesIn(object, id);

  async function write(journal: string): Promise<void> {
    const before = object.data?.['journal'] ?? '';
    for (;;) {
      const { resourceVersion } = object.metadata ?? {};
      try {
        const body = { metadata: { resourceVersion }, data: { journal } };
        object = await api.patch<ConfigMap>(refOf(id), { type: 'merge', body });
        return;
      } catch (error) {
        if (!isFailure(error, 'conflict')) throw error;
        object = await objectOf(api, id);
        const found = object.data?.['journal'] ?? '';
        // Written, and the answer was lost.
        if (found === journal) return;
        // Somebody has put a label on it, say: what it says is as it was.
        if (found !== before) throw writtenMeanwhile(id);
      }
    }
  }

  return {
    plan: parsePlan(object.data?.['plan'] ?? '', id),
    journal: {
      entries,
      append: async (entry) => {
        const line: SwapEntry = { at: now().toISOString(), ...entry };
        await write(`${object.data?.['journal'] ?? ''}${JSON.stringify(line)}\n`);
        entries.push(line);
        onEntry(line);
      },
      [Symbol.asyncDispose]: async () => {},
    },
  };
}
