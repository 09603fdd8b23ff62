/**
 * NAMESPACE: the namespace of Kubernetes, or the root of the keys in another store; and the folder before the scope in a
 * bucket, which goes by it.
 *
 * Source: Spilo `configure_spilo.py` (`get_placeholders`, `get_dcs_config`).
 *
 * @module
 */

import type { Reading } from './reading.ts';

/** True if the cluster's keys are in Kubernetes. */
export function usesKubernetes(reading: Reading): boolean {
  return (
    reading.environment['KUBERNETES_SERVICE_HOST'] !== undefined &&
    reading.get('DCS_ENABLE_KUBERNETES_API') !== undefined
  );
}

/** The namespace as Spilo has it: empty, `default`, or another. */
export function namespaceOf(reading: Reading): string {
  const named = reading.environment['NAMESPACE'];
  if (named !== undefined) return named;
  return usesKubernetes(reading) ? (reading.environment['POD_NAMESPACE'] ?? 'default') : '';
}

/** The namespace; `undefined` for the one that has no name. */
export function ownNamespace(reading: Reading): string | undefined {
  const namespace = namespaceOf(reading);
  return namespace === '' || namespace === 'default' ? undefined : namespace;
}

/** `<namespace>-`, unless WAL_BUCKET_SCOPE_PREFIX is there, be it empty. */
export function bucketScopePrefix(reading: Reading): string {
  const named = reading.environment['WAL_BUCKET_SCOPE_PREFIX'];
  if (named !== undefined) return named;
  const namespace = ownNamespace(reading);
  return namespace === undefined ? '' : `${namespace}-`;
}
