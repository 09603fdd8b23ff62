/**
 * The exit code of a `restore_command`: what a server concludes from it, by the state the server is in.
 *
 * A server in archive recovery (`recovery.signal`) takes 1 to 125 to mean "no such file in the archive": recovery ends
 * there and it opens for writing. So only what is proven to be the end may answer so, and everything else is above 125,
 * which stops the server with its data as it was. A replica (`standby.signal`) is shut down by a code above 125, and
 * goes on streaming after one below it. 143 (128 + SIGTERM) is read as a shutdown by both, and is never answered.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogarchive.c` (`RestoreArchivedFile`), `src/common/wait_error.c`.
 *
 * @module
 */

import { CAUSE_CODES } from '../base/exit-codes.ts';
import type { FailureKind } from '../base/failure.ts';

/**
 * The server that asks, as its data directory tells: `standby` with `standby.signal` (which wins when both files are
 * there, as it does for the server), `archiveRecovery` with `recovery.signal`, and also with neither, or without a data
 * directory: `pg_rewind` and people are better stopped than told that something is not there.
 *
 * `promoted`: with neither, for a history file that the server does not need. The signal file goes just before the server
 * writes its new history, for which it asks for the one it comes from. If it must do without, it takes what is in `pg_wal`;
 * stopped there, no replica could be promoted, and no leader of Patroni started, while the archive is away.
 * Source: PostgreSQL `src/backend/access/transam/timeline.c` (`writeTimeLineHistory`).
 */
export type ServerState = 'archiveRecovery' | 'standby' | 'promoted';

/** How a request for one file came out. */
export type FetchOutcome =
  /** The file is at its destination, checked. */
  | { readonly kind: 'fetched' }
  /** Proven absent, and for a segment: nothing of its line of history is later. */
  | { readonly kind: 'absent' }
  /** Absent, although its line of history goes on behind it. */
  | { readonly kind: 'hole'; readonly message: string }
  /** Could not look, or what was found is damaged or foreign. */
  | { readonly kind: 'failed'; readonly cause: FailureKind | 'bug'; readonly message: string };

const FETCHED = 0;
/** `EX_IOERR`; what WAL-G answers too. */
const NOT_IN_ARCHIVE = 74;
const TRY_AGAIN = 1;
const STOPS_RECOVERY = 128;
const HOLE = STOPS_RECOVERY + NOT_IN_ARCHIVE;

/** The code to exit with. */
export function fetchExitCode(state: ServerState, outcome: FetchOutcome): number {
  switch (outcome.kind) {
    case 'fetched':
      return FETCHED;
    case 'absent':
      return NOT_IN_ARCHIVE;
    case 'hole':
      return state === 'archiveRecovery' ? HOLE : NOT_IN_ARCHIVE;
    case 'failed':
      return state === 'archiveRecovery' ? STOPS_RECOVERY + CAUSE_CODES[outcome.cause] : TRY_AGAIN;
    default:
      return outcome satisfies never;
  }
}
