/**
 * By what an object is known again: its size, and when the store says it was written.
 *
 * A store gives every write a new time, so an object that was proven and has both unchanged holds what it held. What rots
 * beneath a store without its notice is found by proving again what was proven long ago.
 *
 * @module
 */

import type { ObjectInfo } from '../storage/object-store.ts';

/** What was proven of an object: its size in bytes, its time and the time of the proof, in ms since 1970. */
export interface Fingerprint {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly provenMs: number;
}

/** Which proofs count. */
export interface ProofAge {
  /** In ms since 1970: an earlier proof is none. */
  readonly notBeforeMs: number;
}

/** True if an object is as it was when it was proven, and that was late enough. */
export function isProven(object: ObjectInfo, proof: Fingerprint | undefined, { notBeforeMs }: ProofAge): boolean {
  if (proof === undefined || proof.provenMs < notBeforeMs) return false;
  return proof.sizeBytes === object.sizeBytes && proof.modifiedMs === object.modifiedAt.getTime();
}

/** What to write down of an object that was proven now. */
export function fingerprintOf(object: ObjectInfo, nowMs: number): Fingerprint {
  return { sizeBytes: object.sizeBytes, modifiedMs: object.modifiedAt.getTime(), provenMs: nowMs };
}

/** As a list of numbers, as it is stored. */
export function packFingerprint({ sizeBytes, modifiedMs, provenMs }: Fingerprint): readonly number[] {
  return [sizeBytes, modifiedMs, provenMs];
}

/** `undefined` if it is none. */
export function unpackFingerprint(value: unknown): Fingerprint | undefined {
  if (!Array.isArray(value)) return undefined;
  const [sizeBytes, modifiedMs, provenMs] = value.map((one: unknown) => (typeof one === 'number' ? one : Number.NaN));
  if (sizeBytes === undefined || modifiedMs === undefined || provenMs === undefined) return undefined;
  if (![sizeBytes, modifiedMs, provenMs].every((one) => Number.isFinite(one))) return undefined;
  return { sizeBytes, modifiedMs, provenMs };
}
