/**
 * What a bucket does with objects that are deleted.
 *
 * Source: Cloud Storage JSON API, "Buckets": `versioning`, `retentionPolicy`, `softDeletePolicy`.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { AfterDeletion } from '../object-store.ts';
import type { GcsConnection } from './gcs-connection.ts';
import type { GcsAction } from './gcs-failure.ts';
import { isFields, readFields } from './object-resource.ts';

function isPositive(value: unknown): boolean {
  return Number(value ?? 0) > 0;
}

function verdict(bucket: Readonly<Record<string, unknown>>): AfterDeletion {
  const { versioning, retentionPolicy, softDeletePolicy } = bucket;
  if (isFields(retentionPolicy) && isPositive(retentionPolicy['retentionPeriod'])) return 'locked';
  if (isFields(versioning) && versioning['enabled'] === true) return 'versions';
  const isSoft = isFields(softDeletePolicy) && isPositive(softDeletePolicy['retentionDurationSeconds']);
  return isSoft ? 'versions' : 'gone';
}

/** Asks the bucket. `unknown` where these credentials may not. */
export async function afterDeletion(
  connection: GcsConnection,
  action: GcsAction,
  signal: AbortSignal | undefined,
): Promise<AfterDeletion> {
  const url = connection.bucketUrl({ fields: 'versioning,retentionPolicy,softDeletePolicy' });
  try {
    return await connection.run(action, signal, async (attempt) =>
      verdict(await readFields(await attempt.send({ method: 'GET', url, headers: {} }, [200]))),
    );
  } catch (error) {
    if (isFailure(error, 'denied')) return 'unknown';
    throw error;
  }
}
