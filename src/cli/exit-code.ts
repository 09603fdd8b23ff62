/**
 * Exit codes: by what went wrong, and by who is listening.
 *
 * Those of BSD `<sysexits.h>` where it has one that fits; 74 is also what WAL-G answers for "not in the archive".
 * A server in archive recovery takes 1 to 125 from its `restore_command` to mean "no such file in the archive", ends
 * recovery and opens for writing; above 125 it stops. On a replica it is the reverse: above 125 shuts it down, below it
 * goes on streaming. From `archive_command`, below 126 is counted and tried again. What `wal fetch` answers itself is
 * decided in `src/archive/fetch-exit-code.ts`; here is what a failure before that answers.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogarchive.c` (`RestoreArchivedFile`), `pgarch.c`.
 *
 * @module
 */

import { isCutShort, type LogEnd } from '../app/log-value.ts';
import { CAUSE_CODES } from '../base/exit-codes.ts';
import type { FailureKind } from '../base/failure.ts';

/** Who reads the exit code. */
export type Listener =
  | 'operator'
  | 'archive_command'
  | 'restore_command'
  | 'restore_command of a replica'
  | 'monitoring';

/** Why a run ended: a failure's kind, a bug of ours, or a signal. */
export type Ending = FailureKind | 'bug' | 'interrupted';

/** What an operator's shell sees. */
export const EXIT_CODES: Readonly<Record<Ending, number>> = { ...CAUSE_CODES, interrupted: 130 };

/** `EX_TEMPFAIL`: for servers, whose commands must not answer 130 or 143. */
const TRY_AGAIN = 75;
const STOPS_THE_SERVER = 128;

/** The code to exit with. */
export function exitCode(ending: Ending, listener: Listener): number {
  const forServers = ending === 'interrupted' ? TRY_AGAIN : EXIT_CODES[ending];
  switch (listener) {
    case 'operator':
      return EXIT_CODES[ending];
    case 'archive_command':
      return forServers;
    case 'restore_command':
      // Also for notInArchive: the end of the archive is an answer that `wal fetch` gives, with its proof, never a failure.
      return forServers + STOPS_THE_SERVER;
    case 'restore_command of a replica':
      return forServers;
    case 'monitoring':
      // 2 is "act now": whoever watches must not read "could not look" as healthy.
      return ending === 'usage' ? EXIT_CODES.usage : 2;
    default:
      return listener satisfies never;
  }
}

/** Of what was read of a log: 0 where it is whole; otherwise as a failure of that kind would exit. */
export function exitCodeOfLog(end: LogEnd | undefined): number {
  if (end === undefined || !isCutShort(end)) return 0;
  return end.kind === 'hole' ? CAUSE_CODES.notInArchive : CAUSE_CODES.corrupt;
}
