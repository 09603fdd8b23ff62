/**
 * Bytes as an amount of storage.
 *
 * @module
 */

const MIB = 1024n * 1024n;

/** Whole mebibytes, rounded up: `5120Mi`. */
export function quantityOfBytes(bytes: bigint): string {
  return `${(bytes + MIB - 1n) / MIB}Mi`;
}
