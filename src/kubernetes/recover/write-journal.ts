/**
 * The ConfigMap of a journal as it is read and appended to, whatever the steps in it are called.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { parseJournalOf, type Journal, type JournalEntry, type NewJournalEntry } from '../../recovery/journal.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { ConfigMap } from '../api/kubernetes-objects.ts';
import { journalName } from './names.ts';

/** The ref of a journal's ConfigMap. */
export function journalRef(id: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: journalName(id) };
}

/** The lines of a journal. */
export function entriesOf<Name extends string>(
  { data }: ConfigMap,
  id: string,
  isName: (value: unknown) => value is Name,
): JournalEntry<Name>[] {
  const where = `in the ConfigMap ${journalName(id)}`;
  return parseJournalOf(Buffer.from(data?.['journal'] ?? ''), where, isName).entries;
}

/** A journal's ConfigMap. @throws {Failure} `usage` if there is none. */
export async function journalObject(api: KubernetesApi, id: string): Promise<ConfigMap> {
  const object = await api.get<ConfigMap>(journalRef(id));
  if (object !== undefined) return object;
  throw new Failure('usage', {
    message: `cannot find recovery ${id} in namespace ${api.where.namespace} of ${api.where.context}: there is no ConfigMap ${journalName(id)}`,
    remedy: 'List the recoveries there:  walkback recover status',
  });
}

function writtenMeanwhile(id: string): Failure {
  return new Failure('conflict', {
    message: `cannot go on with recovery ${id}: somebody else has written its journal meanwhile`,
    remedy: `See who works on it:  walkback recover status ${id}`,
  });
}

/** What a journal that is written to needs. */
interface Writing<Name extends string> {
  readonly isName: (value: unknown) => value is Name;
  readonly now: () => Date;
  readonly onEntry: (entry: JournalEntry<Name>) => void;
}

/** Opens it to go on writing it. The caller holds the Lease. */
export async function openJournalOf<Name extends string>(
  api: KubernetesApi,
  id: string,
  { isName, now, onEntry }: Writing<Name>,
): Promise<{ readonly object: ConfigMap; readonly journal: Journal<Name> }> {
  let object = await journalObject(api, id);
  const entries = entriesOf(object, id, isName);

  async function write(journal: string): Promise<void> {
    const before = object.data?.['journal'] ?? '';
    for (;;) {
      const { resourceVersion } = object.metadata ?? {};
      try {
        const body = { metadata: { resourceVersion }, data: { journal } };
        object = await api.patch<ConfigMap>(journalRef(id), { type: 'merge', body });
        return;
      } catch (error) {
        if (!isFailure(error, 'conflict')) throw error;
        object = await journalObject(api, id);
        const found = object.data?.['journal'] ?? '';
        // Written, and the answer was lost.
        if (found === journal) return;
        // Somebody has put a label on it, say: what it says is as it was.
        if (found !== before) throw writtenMeanwhile(id);
      }
    }
  }

  const append = async (entry: NewJournalEntry<Name>): Promise<void> => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a line with its time is a line
    const line = { at: now().toISOString(), ...entry } as unknown as JournalEntry<Name>;
    await write(`${object.data?.['journal'] ?? ''}${JSON.stringify(line)}\n`);
    entries.push(line);
    onEntry(line);
  };
  return { object, journal: { entries, append, [Symbol.asyncDispose]: async () => {} } };
}
