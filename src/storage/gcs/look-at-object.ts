/**
 * Looking at one object, and proving that there is none.
 *
 * A 404 may speak of the object or of the bucket, or come from something that is no store. "Not there" is said only when
 * the answer names the object, or a listing of the bucket, which is strongly consistent, does not have it.
 *
 * @module
 */

import type { GcsConnection } from './gcs-connection.ts';
import { GcsError, yetListed } from './gcs-error.ts';
import { badAnswer, noBucket, saysNoBucket, type GcsAction } from './gcs-failure.ts';
import { OBJECT_FIELDS, isFields, objectOf, readFields, type GcsObject } from './object-resource.ts';

/** The object's resource; `undefined` if it is proven absent. */
export async function lookAtObject(
  connection: GcsConnection,
  action: GcsAction,
  signal: AbortSignal | undefined,
): Promise<GcsObject | undefined> {
  return connection.run(action, signal, async (attempt) => {
    try {
      const url = connection.objectUrl(action.key, { fields: OBJECT_FIELDS });
      const answer = await attempt.send({ method: 'GET', url, headers: connection.encryption }, [200]);
      const object = objectOf(action, await readFields(answer));
      if (object.name === action.key) return object;
      throw badAnswer(action, `it tells of ${JSON.stringify(object.name)}`);
    } catch (error) {
      if (await provesAbsence(connection, action, error, signal)) return undefined;
      throw error;
    }
  });
}

/**
 * True if an error means that the object is not there; false if it means something else.
 *
 * @throws {Failure} if there is no bucket; {GcsError} that may pass if the object is listed: it was written meanwhile
 */
export async function provesAbsence(
  connection: GcsConnection,
  action: GcsAction,
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!(error instanceof GcsError) || error.status !== 404) return false;
  if (saysNoBucket(error)) throw noBucket(action);
  if (error.message.startsWith(`No such object: ${action.bucket}/${action.key}`)) return true;
  if (await isListed(connection, action, signal)) throw yetListed(error);
  return true;
}

async function isListed(
  connection: GcsConnection,
  action: GcsAction,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // Of all that begins with a key, the key itself is the first.
  const url = connection.objectUrl(undefined, { prefix: action.key, fields: 'kind,items(name)', maxResults: '1' });
  const listing = { ...action, verb: 'look for', permission: 'storage.objects.list' };
  return connection.run(listing, signal, async (attempt) => {
    try {
      const { kind, items } = await readFields(await attempt.send({ method: 'GET', url, headers: {} }, [200]));
      if (kind !== 'storage#objects') throw badAnswer(listing, 'it is no listing');
      return Array.isArray(items) && items.some((item) => isFields(item) && item['name'] === action.key);
    } catch (error) {
      if (error instanceof GcsError && error.status === 404 && error.reason === 'notFound') throw noBucket(action);
      throw error;
    }
  });
}
