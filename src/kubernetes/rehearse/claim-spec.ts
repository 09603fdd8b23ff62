/**
 * A claim beside the live one: what it asks for.
 *
 * @module
 */

import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { bytesOfQuantity } from '../find/quantity.ts';
import { quantityOfBytes } from './quantity-of-bytes.ts';

function largest(amounts: readonly (bigint | undefined)[]): bigint {
  return amounts.reduce<bigint>((most, one) => (one !== undefined && one > most ? one : most), 0n);
}

/** As the live one, and never smaller: than what that asks for, than what it has got, and than what is needed (F-25). */
export function claimSpecLike(
  { spec = {}, status }: PersistentVolumeClaim,
  leastBytes: bigint,
): NonNullable<PersistentVolumeClaim['spec']> {
  const sizeBytes = largest([
    leastBytes,
    bytesOfQuantity(spec.resources?.requests?.['storage']),
    bytesOfQuantity(status?.capacity?.['storage']),
  ]);
  return {
    accessModes: spec.accessModes ?? ['ReadWriteOnce'],
    resources: { requests: { storage: quantityOfBytes(sizeBytes) } },
    ...(spec.storageClassName === undefined ? {} : { storageClassName: spec.storageClassName }),
    ...(spec.volumeMode === undefined ? {} : { volumeMode: spec.volumeMode }),
  };
}
