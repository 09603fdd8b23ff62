/**
 * Was a change made whose answer never came? Each kind of change leaves something by which to tell.
 *
 * @module
 */

import type { KubernetesObject } from './kubernetes-objects.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * True if the server's object has all that was sent: fields that it added itself do not count. `null` in a merge means absent.
 * What it writes in another way (`1000m` as `1`) counts as different, which ends in a conflict and not in a wrong belief.
 */
export function holds(found: unknown, sent: unknown): boolean {
  if (sent === null || sent === undefined) return found === undefined || found === null;
  if (Array.isArray(sent)) {
    return Array.isArray(found) && found.length === sent.length && sent.every((item, at) => holds(found[at], item));
  }
  if (isFields(sent)) {
    const place = isFields(found) ? found : {};
    if (!isFields(found) && Object.keys(sent).length > 0) return false;
    return Object.entries(sent).every(([key, value]) => holds(place[key], value));
  }
  return found === sent;
}

/** An object without what every write changes. */
function lasting(object: unknown): unknown {
  if (!isFields(object) || !isFields(object['metadata'])) return object;
  const {
    resourceVersion: _version,
    managedFields: _managers,
    generation: _generation,
    ...metadata
  } = object['metadata'];
  return { ...object, metadata };
}

/** True if two objects say the same, but for what every write changes. */
export function saySame(one: unknown, other: unknown): boolean {
  return holds(lasting(one), lasting(other)) && holds(lasting(other), lasting(one));
}

/** An object as it was sent, without its preconditions. */
export function withoutPreconditions(sent: unknown): unknown {
  if (!isFields(sent) || !isFields(sent['metadata'])) return sent;
  const { resourceVersion: _version, uid: _uid, ...metadata } = sent['metadata'];
  return { ...sent, metadata };
}

/** True if an object was written by the writer of that name: who writes what is kept in the object by the server. */
export function isWrittenBy(object: KubernetesObject, writer: string): boolean {
  const managers: unknown = Reflect.get(object.metadata ?? {}, 'managedFields');
  return Array.isArray(managers) && managers.some((entry) => isFields(entry) && entry['manager'] === writer);
}
