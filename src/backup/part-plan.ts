/**
 * Which entries go into which part.
 *
 * Files are never split across parts (WAL-G's rule). Parts are small enough that every worker has several to do, so that
 * the last one does not keep the others waiting, and that a restore can read many at once; a file larger than a part
 * is a part of its own. All directories are in the first part.
 *
 * @module
 */

import type { StoredEntry } from './data-directory.ts';

/** One part to be written. */
export interface PlannedPart {
  /** From 1. */
  readonly number: number;
  readonly entries: readonly StoredEntry[];
  /** Sum of the files' sizes at the walk. */
  readonly sizeBytes: number;
}

const MIB = 1024 * 1024;
const SMALLEST_PART_BYTES = 16 * MIB;
const LARGEST_PART_BYTES = 256 * MIB;
const PARTS_PER_WORKER = 8;

/** Spreads entries over parts, largest part first: the order in which they should be started. */
export function planParts(entries: readonly StoredEntry[], workerCount: number): PlannedPart[] {
  const totalBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const aimBytes = totalBytes / (workerCount * PARTS_PER_WORKER);
  const partBytes = Math.min(LARGEST_PART_BYTES, Math.max(SMALLEST_PART_BYTES, aimBytes));
  const directories = entries.filter((entry) => entry.type === 'directory');
  const parts: StoredEntry[][] = [directories];
  let currentBytes = 0;
  for (const entry of entries) {
    if (entry.type === 'directory') continue;
    if (currentBytes > 0 && currentBytes + entry.sizeBytes > partBytes) {
      parts.push([]);
      currentBytes = 0;
    }
    parts.at(-1)?.push(entry);
    currentBytes += entry.sizeBytes;
  }
  return parts.map(numbered).toSorted((a, b) => b.sizeBytes - a.sizeBytes);
}

function numbered(entries: readonly StoredEntry[], index: number): PlannedPart {
  return { number: index + 1, entries, sizeBytes: entries.reduce((sum, entry) => sum + entry.sizeBytes, 0) };
}
