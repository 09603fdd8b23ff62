/**
 * Counts in findings.
 *
 * @module
 */

/** `1 segment is`, `3 segments are`. */
export function countOfSegments(count: number): string {
  return count === 1 ? '1 segment is' : `${count} segments are`;
}
