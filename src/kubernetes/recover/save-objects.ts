/**
 * Objects as they were before a recovery changed them, in a Secret beside its journal, since their variables may hold passwords:
 * written once, never overwritten, and gone with the journal.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { KubernetesObject, Secret } from '../api/kubernetes-objects.ts';
import { secretText } from '../find/container-environment.ts';
import { journalOwner } from './journal-object.ts';
import { savedName } from './names.ts';
import { labelsOf } from '../rehearse/rehearsal-names.ts';

function refOf(id: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', name: savedName(id) };
}

function keyOf({ kind, name }: Pick<ObjectRef, 'kind' | 'name'>): string {
  return `${kind}.${name}`;
}

/** Without what only the server needs, which may be long. */
function withoutManagers(object: KubernetesObject): KubernetesObject {
  const { managedFields: _managers, ...metadata } = { managedFields: undefined, ...object.metadata };
  return { ...object, metadata };
}

/** Saves them; those that are not there are left out. Saved already: they stay as they were saved. Returns the keys. */
export async function saveObjects(
  api: KubernetesApi,
  id: string,
  refs: readonly ObjectRef[],
): Promise<readonly string[]> {
  const found = await api.get<Secret>(refOf(id));
  if (found !== undefined) return Object.keys(found.data ?? {});
  const objects = await Promise.all(refs.map(async (ref) => ({ ref, object: await api.get<KubernetesObject>(ref) })));
  const data = Object.fromEntries(
    objects.flatMap(({ ref, object }) =>
      object === undefined ? [] : [[keyOf(ref), JSON.stringify({ ...ref, ...withoutManagers(object) })]],
    ),
  );
  const metadata = { name: savedName(id), labels: labelsOf(id), ownerReferences: [await journalOwner(api, id)] };
  const encoded = Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', immutable: true, data: encoded };
  await api.create(secret).catch((error: unknown) => {
    if (!isFailure(error, 'conflict')) throw error;
  });
  return Object.keys(data);
}

/** An object as it was saved; `undefined` if it was not there, or nothing was saved. */
export async function findSavedObject<T extends KubernetesObject>(
  api: KubernetesApi,
  id: string,
  ref: Pick<ObjectRef, 'kind' | 'name'>,
): Promise<T | undefined> {
  const saved = await api.get<Secret>(refOf(id));
  const text = saved === undefined ? undefined : secretText(saved, keyOf(ref));
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

/** An object as it was saved. @throws {Failure} `failed` if it was not. */
export async function savedObject<T extends KubernetesObject>(
  api: KubernetesApi,
  id: string,
  ref: Pick<ObjectRef, 'kind' | 'name'>,
): Promise<T> {
  const found = await findSavedObject<T>(api, id, ref);
  if (found !== undefined) return found;
  throw new Failure('failed', {
    message: `cannot find ${ref.kind} ${ref.name} as it was before ${id}: the Secret ${savedName(id)} has it not`,
    remedy: 'Apply it from where it came from (the chart, your repository), and go on.',
  });
}
