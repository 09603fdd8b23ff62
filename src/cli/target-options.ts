/**
 * The options that name a recovery target, the same for every command that takes one.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { AskedTarget } from '../recovery/asked-target.ts';
import { flag, instant, integer, lsn, text, timeline } from './options.ts';

const HIGHEST_XID = 0xffff_ffff;
const FIRST_NORMAL_XID = 3;

/** For the `options` of a command. */
export const TARGET_OPTIONS = {
  toTime: instant('To this time: all that was committed by then stays'),
  toLsn: lsn('To the record at this WAL position'),
  toXid: integer("To the end of this transaction, by PostgreSQL's own rule", FIRST_NORMAL_XID, HIGHEST_XID),
  beforeXid: integer(
    'To just before this transaction: it and all that was committed after it goes',
    FIRST_NORMAL_XID,
    HIGHEST_XID,
  ),
  afterXid: integer(
    'To just after this transaction: it stays, all that was committed after it goes',
    FIRST_NORMAL_XID,
    HIGHEST_XID,
  ),
  beforeDrop: text('To just before this table was dropped', 'TABLE'),
  beforeDelete: text('To just before the last transaction that deleted rows of this table', 'TABLE'),
  toName: text('To this restore point (pg_create_restore_point)', 'NAME'),
  toLatest: flag('To the end of the archive'),
  inclusive: flag('The transaction or record of the target stays (so it is unless told)'),
  exclusive: flag('The transaction or record of the target goes'),
  timeline: timeline("On the line of history of this timeline; the live server's unless told"),
} as const;

/** What the command was given. */
export interface GivenTarget {
  readonly toTime: bigint | undefined;
  readonly toLsn: Lsn | undefined;
  readonly toXid: number | undefined;
  readonly beforeXid: number | undefined;
  readonly afterXid: number | undefined;
  readonly beforeDrop: string | undefined;
  readonly beforeDelete: string | undefined;
  readonly toName: string | undefined;
  readonly toLatest: boolean;
  readonly inclusive: boolean;
  readonly exclusive: boolean;
}

const ALL =
  '--to-time, --before-xid, --after-xid, --before-drop, --before-delete, --to-xid, --to-lsn, --to-name or --to-latest';

function usage(found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot tell where to recover to: ${found}`, remedy });
}

/** The target; `undefined` if none was given. @throws {Failure} `usage` for more than one, or a contradiction. */
export function targetFrom(given: GivenTarget): AskedTarget | undefined {
  if (given.inclusive && given.exclusive) throw usage('--inclusive and --exclusive are both given', 'Keep one.');
  const inclusive = !given.exclusive;
  const targets: AskedTarget[] = [];
  if (given.toTime !== undefined) targets.push({ kind: 'time', timeUs: given.toTime, inclusive });
  if (given.toLsn !== undefined) targets.push({ kind: 'lsn', lsn: given.toLsn, inclusive });
  if (given.toXid !== undefined) targets.push({ kind: 'xid', xid: given.toXid, inclusive });
  if (given.beforeXid !== undefined) targets.push({ kind: 'transaction', xid: given.beforeXid, side: 'before' });
  if (given.afterXid !== undefined) targets.push({ kind: 'transaction', xid: given.afterXid, side: 'after' });
  if (given.beforeDrop !== undefined) targets.push({ kind: 'beforeDrop', table: given.beforeDrop });
  if (given.beforeDelete !== undefined) targets.push({ kind: 'beforeDelete', table: given.beforeDelete });
  if (given.toName !== undefined) targets.push({ kind: 'name', name: given.toName });
  if (given.toLatest) targets.push({ kind: 'latest' });
  const [target, second] = targets;
  if (second !== undefined) throw usage('more than one target is given', `Keep one of ${ALL}.`);
  const hasSides = target === undefined || target.kind === 'time' || target.kind === 'lsn' || target.kind === 'xid';
  if (!hasSides && (given.exclusive || given.inclusive)) {
    throw usage('--inclusive and --exclusive mean nothing with that target', 'Leave them out.');
  }
  return target;
}

/** The target. @throws {Failure} `usage` if none was given. */
export function requireTarget(given: GivenTarget): AskedTarget {
  const target = targetFrom(given);
  if (target !== undefined) return target;
  throw usage('no target is given', `Give one of ${ALL}.\nWhat can be reached:\n    walkback window`);
}
