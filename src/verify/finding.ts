/**
 * What a verification finds.
 *
 * @module
 */

/**
 * - `hole`: segments are missing between others of the same line of history.
 * - `segment`, `history`: such an object cannot be read, or is not what its name says.
 * - `backup`: a backup cannot be restored as it is.
 * - `pages`: pages of a backup do not carry their checksum; it can be restored.
 */
export type FindingKind = 'hole' | 'segment' | 'history' | 'backup' | 'pages';

/** Something that is not as it should be. */
export interface Finding {
  readonly kind: FindingKind;
  /** The object, segment or backup. */
  readonly subject: string;
  /** What is wrong with it. */
  readonly found: string;
  readonly remedy: string;
}

/** What was looked at, of things that can be proven before and stay so. */
export interface ProofCounts {
  /** How many there are. */
  readonly total: number;
  /** How many were read now. */
  readonly read: number;
  readonly readBytes: number;
}

/** Nothing yet. */
export const NOTHING_READ: ProofCounts = { total: 0, read: 0, readBytes: 0 };
