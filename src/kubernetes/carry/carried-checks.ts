/**
 * The checks that a recovery in the cluster runs before it cuts over, in a ConfigMap of their own: files of the one who began it are
 * not in the pod, and what they say is nobody's business who reads the Job.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { Check } from '../../recovery/checks.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { ConfigMap } from '../api/kubernetes-objects.ts';
import { journalName } from '../recover/names.ts';
import { journalOwner } from '../recover/journal-object.ts';
import type { RehearsalChecks } from '../rehearse/rehearsal.ts';
import { labelsOf } from '../rehearse/rehearsal-names.ts';

const KEY = 'checks';
const NONE: RehearsalChecks = { checks: [], database: 'postgres', isWritable: false };

function refOf(id: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'ConfigMap', name: `${journalName(id)}-checks` };
}

/** Keeps them; those of an earlier run are replaced. */
export async function storeChecks(api: KubernetesApi, id: string, checks: RehearsalChecks): Promise<void> {
  const ref = refOf(id);
  const data = { [KEY]: JSON.stringify(checks) };
  if ((await api.get<ConfigMap>(ref)) !== undefined) {
    await api.patch(ref, { type: 'merge', body: { data } });
    return;
  }
  if (checks.checks.length === 0) return;
  const metadata = { name: ref.name, labels: labelsOf(id), ownerReferences: [await journalOwner(api, id)] };
  await api.create<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
}

function isCheck(value: unknown): value is Check {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'name') === 'string' &&
    typeof Reflect.get(value, 'sql') === 'string'
  );
}

/** From the ConfigMap's text. @throws {Failure} `corrupt`: one that cannot be read is not one that passes. */
export function parseChecks(text: string, id: string): RehearsalChecks {
  const { checks, database, isWritable } = (JSON.parse(text) ?? {}) as Partial<RehearsalChecks>;
  if (Array.isArray(checks) && checks.every(isCheck) && typeof database === 'string') {
    return { checks, database, isWritable: isWritable === true };
  }
  throw new Failure('corrupt', {
    message: `cannot use the checks in the ConfigMap ${refOf(id).name}: they are not as they were written`,
    remedy: 'Begin again, with the checks:  walkback recover run ID --in-cluster',
  });
}

/** Those that were kept; none if none were. */
export async function readChecks(api: KubernetesApi, id: string): Promise<RehearsalChecks> {
  const found = await api.get<ConfigMap>(refOf(id));
  const text = found?.data?.[KEY];
  return text === undefined ? NONE : parseChecks(text, id);
}
