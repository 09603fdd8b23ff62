/**
 * Exit codes by what went wrong: those of BSD `<sysexits.h>` where it has one that fits.
 *
 * None may be 15: above 128 it would be SIGTERM's, which a server reads as its own shutdown.
 *
 * @module
 */

import type { FailureKind } from './failure.ts';

/** A failure's kind, or a bug of ours. */
export const CAUSE_CODES: Readonly<Record<FailureKind | 'bug', number>> = {
  usage: 64,
  corrupt: 65,
  unavailable: 69,
  bug: 70,
  failed: 71,
  notInArchive: 74,
  denied: 77,
  refused: 80,
  conflict: 81,
};
