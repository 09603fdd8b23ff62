/**
 * What an operator should know about a resolved target, in sentences.
 *
 * @module
 */

import { formatLsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import type { FoundStop, MomentSearch } from './moment-search.ts';

/** The notes of a target, none when it is plain. */
export function notesOf(target: RecoveryTarget, search: MomentSearch, stop: FoundStop): string[] {
  return [
    ...rolledBack(target, search, stop),
    ...mapped(target, search),
    ...movedBeforePrepare(target, search, stop),
    ...preparedBeforeBackup(target, search),
    ...movedBeforeFiles(stop),
    ...movedBeforeLock(target, stop),
    ...repeatedName(target, search),
    ...lostWithin(search),
    ...prepared(search),
  ];
}

function rolledBack(target: RecoveryTarget, search: MomentSearch, stop: FoundStop): string[] {
  if (target.kind !== 'xid' || (stop.record.kind !== 'abort' && stop.record.kind !== 'abortPrepared')) return [];
  const top = search.topOfTarget;
  const family =
    top === undefined
      ? 'If it was a subtransaction (a savepoint, an exception block), the transaction around it is lost with it.'
      : `It is a subtransaction of ${top}, which is lost with it.`;
  return [`Transaction ${target.xid} was rolled back; recovery stops at its end all the same. ${family}`];
}

function mapped(target: RecoveryTarget, search: MomentSearch): string[] {
  const top = search.topOfTarget;
  if (target.kind !== 'transaction' || top === undefined || top === target.xid) return [];
  return [
    `Transaction ${target.xid} is a subtransaction of ${top} (a savepoint, an exception block): recovery stops ${target.side} that one.`,
  ];
}

function movedBeforePrepare(
  target: RecoveryTarget,
  { preparedEnd, lost }: MomentSearch,
  { record }: FoundStop,
): string[] {
  if (target.kind !== 'transaction' || preparedEnd === undefined || preparedEnd.lsn === record.lsn) return [];
  const ended = preparedEnd.kind === 'commitPrepared' ? 'committed' : 'rolled back';
  const others =
    lost.first === undefined || lost.first.lsn >= preparedEnd.lsn ? '' : ' What committed in between is lost with it.';
  return [
    `Transaction ${preparedEnd.xid} was prepared at ${formatLsn(record.lsn)} and ${ended} at ${formatLsn(preparedEnd.lsn)}: recovery stops before it was prepared.${others} To stop before its end, with it prepared: --to-xid ${preparedEnd.xid} --exclusive.`,
  ];
}

function preparedBeforeBackup(target: RecoveryTarget, search: MomentSearch): string[] {
  if (target.kind !== 'transaction' || !search.isPreparedBefore) return [];
  return ['It was prepared before the oldest backup that serves: recovery stops before its end, with it prepared.'];
}

function movedBeforeFiles({ record }: FoundStop): string[] {
  const what: Partial<Record<typeof record.kind, string>> = {
    databaseCreate: 'creates a database',
    databaseDrop: 'drops a database',
    databaseInvalid: 'drops a database',
    tablespaceCreate: 'creates a tablespace',
    tablespaceDrop: 'drops a tablespace',
  };
  const change = what[record.kind];
  if (change === undefined) return [];
  return [
    `Transaction ${record.xid} ${change}, and its files change before it commits: recovery stops before ${formatLsn(record.lsn)}, where that begins.`,
  ];
}

function movedBeforeLock(target: RecoveryTarget, { record }: FoundStop): string[] {
  if (target.kind !== 'transaction' || record.kind !== 'locks') return [];
  return [
    `The transaction locks a table: recovery stops before that, at ${formatLsn(record.lsn)}, with nothing more lost, so that the table can be looked at.`,
  ];
}

function repeatedName(target: RecoveryTarget, search: MomentSearch): string[] {
  if (target.kind !== 'name' || search.repeatedNames === 0) return [];
  return [
    `There are ${search.repeatedNames} later restore points of this name; this is the first behind the backup. Use --to-lsn for another.`,
  ];
}

/** By a moment where transactions commit at once; by more where a clock was set back. */
function lostWithin({ lostWithin: { count, first, last } }: MomentSearch): string[] {
  if (first === undefined || last === undefined) return [];
  const which =
    count === 1
      ? `Transaction ${first.xid}, committed ${formatTimeUs(first.timeUs)}, is within this time and still lost`
      : `${count} transactions, ${first.xid} (${formatTimeUs(first.timeUs)}) to ${last.xid} (${formatTimeUs(last.timeUs)}), are within this time and still lost`;
  return [
    `${which}: commit times are not in the order of the WAL there, and recovery stops at the first that is later. To keep them: --to-xid ${last.xid}.`,
  ];
}

function prepared(search: MomentSearch): string[] {
  return search
    .facts()
    .preparedAtTarget.map(
      ({ xid, gid }) =>
        `Transaction ${xid}${gid === undefined ? '' : ` (${JSON.stringify(gid)})`} is prepared there and keeps its locks until COMMIT PREPARED or ROLLBACK PREPARED.`,
    );
}
