/**
 * Why a target cannot be reached, each with the nearest one that can, as it is typed.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { formatLsn, type Lsn } from '../postgres/lsn.ts';
import type { RecoveryTarget, TransactionEnd } from '../postgres/recovery-target.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import type { BackupPoint, PreparedAtTarget, StopRecord } from './found-moment.ts';
import type { ScanEnd } from './scan.ts';
import { asTyped, describeTarget, timelineFlag, toLsnFlag, toTimeFlag } from './target-words.ts';

/** What was asked. */
export interface Asked {
  readonly target: RecoveryTarget;
  /** To be named in what is typed, because there are others; `undefined`: it is the only one. */
  readonly timeline: number | undefined;
}

function refusal({ target }: Asked, found: string, remedy: string, facts: readonly string[] = []): Failure {
  return new Failure('refused', { message: `cannot recover to ${describeTarget(target)}: ${found}`, remedy, facts });
}

/** One way out: what it leads to, and the line to type. */
function way(label: string, flags: string, timeline: number | undefined): string {
  return `${label}:\n    walkback recover plan ${flags}${timelineFlag(timeline)}`;
}

function describeBackup(backup: BackupPoint): string {
  const span = `${formatLsn(backup.startLsn)} to ${formatLsn(backup.finishLsn)}`;
  return `backup ${backup.name}: ${backup.startedAt.toISOString()} to ${backup.finishedAt.toISOString()}, ${span}, timeline ${backup.timeline}`;
}

/** No backup was taken on the line of history. */
export function noBackupOnLine(asked: Asked, timeline: number, others: readonly BackupPoint[]): Failure {
  const newest = others.at(-1);
  const remedy =
    newest === undefined
      ? 'Take one with "walkback backup take"; the archive holds none.'
      : way('Follow a line that backups are on', asTyped(asked.target), newest.timeline);
  const found = `no base backup lies on the line of history of timeline ${timeline}`;
  return refusal(asked, found, remedy, others.map(describeBackup));
}

/** Every backup that could serve ended later. */
export function beforeFirstBackup(asked: Asked, first: BackupPoint): Failure {
  const found = `it is before the first base backup, which ended ${first.finishedAt.toISOString()}`;
  return refusal(asked, found, way('The earliest that can be reached', toLsnFlag(first.finishLsn), asked.timeline), [
    describeBackup(first),
  ]);
}

/** Replay from this backup would stop while its files are not yet consistent. */
export function insideBackup(asked: Asked, backup: BackupPoint): Failure {
  const found = `it is inside the span of backup ${backup.name}, whose files are consistent only at its end, and no earlier backup serves`;
  return refusal(asked, found, way('The earliest that can be reached', toLsnFlag(backup.finishLsn), asked.timeline), [
    describeBackup(backup),
  ]);
}

/** All commits are earlier. `other`: a timeline outside this line that has commits before the time and behind it. */
export function afterLastCommit(asked: Asked, last: TransactionEnd | undefined, other: number | undefined): Failure {
  const onOther =
    other === undefined ? '' : `\n${way(`Timeline ${other} goes on past it`, asTyped(asked.target), other)}`;
  if (last === undefined) {
    const found = 'no transaction ended between the backup and the end of the archive';
    return refusal(asked, found, `${way('The end of the archive', '--to-latest', asked.timeline)}${onOther}`);
  }
  const found = `it is after the last commit in the archive, ${formatTimeUs(last.timeUs)}`;
  return refusal(
    asked,
    found,
    `${way('The last that can be reached', '--to-latest', asked.timeline)}\n${way('The same moment, whatever comes later', toTimeFlag(last.timeUs), asked.timeline)}${onOther}`,
  );
}

/** The position is behind all that is archived. */
export function afterEndOfArchive(asked: Asked, endLsn: Lsn): Failure {
  const found = `it is behind the end of the archived WAL, ${formatLsn(endLsn)}`;
  return refusal(asked, found, way('The last that can be reached', '--to-latest', asked.timeline));
}

/** WAL that is needed is missing or damaged. */
export function behindBreak(
  asked: Asked,
  end: ScanEnd,
  last: { readonly lastCommit: TransactionEnd | undefined; readonly lastRecordLsn: Lsn | undefined },
  next: BackupPoint | undefined,
): Failure {
  const broken =
    end.kind === 'damage'
      ? `${end.stop.fileName} cannot be read past byte ${end.stop.offsetBytes} (${end.stop.reason})`
      : `the segment ${'missing' in end ? end.missing : ''} is missing`;
  const where = end.kind === 'hole' ? [`The archive goes on with ${end.resumes.fileName}.`] : [];
  const before =
    last.lastRecordLsn === undefined ? [] : [way('The last before it', toLsnFlag(last.lastRecordLsn), asked.timeline)];
  const after =
    next === undefined
      ? []
      : [way(`The first behind it (backup ${next.name})`, toLsnFlag(next.finishLsn), asked.timeline)];
  const commit = last.lastCommit;
  const facts =
    commit === undefined
      ? where
      : [...where, `last commit before it: ${formatTimeUs(commit.timeUs)}, transaction ${commit.xid}`];
  const remedy =
    [...before, ...after].join('\n') || 'Nothing on this line can be reached; "walkback window" draws the others.';
  return refusal(asked, `it is behind a break in the WAL: ${broken}`, remedy, facts);
}

/** The WAL in between was written at `wal_level=minimal`. */
export function behindMinimal(asked: Asked, minimalLsn: Lsn, next: BackupPoint | undefined): Failure {
  const found = `the server ran with wal_level=minimal from ${formatLsn(minimalLsn)} on, and WAL written so cannot be replayed`;
  const after =
    next === undefined
      ? ''
      : `\n${way(`The first behind it (backup ${next.name})`, toLsnFlag(next.finishLsn), asked.timeline)}`;
  return refusal(asked, found, `${way('The last before it', toLsnFlag(minimalLsn, 'before'), asked.timeline)}${after}`);
}

/** The number is a subtransaction's. PostgreSQL would run to the end and not start. */
export function isSubtransaction(asked: Asked, topXid: number): Failure {
  const { target } = asked;
  const flag = target.kind === 'xid' && !target.inclusive ? ' --exclusive' : '';
  const found = `it is a subtransaction, and recovery stops only at whole transactions`;
  return refusal(asked, found, way(`It belongs to transaction ${topXid}`, `--to-xid ${topXid}${flag}`, asked.timeline));
}

/** Nothing of it is in the database, and whether it was a whole transaction or a part of one, its record does not say. */
export function wasRolledBack(asked: Asked, record: StopRecord, topXid: number | undefined): Failure {
  const { target } = asked;
  const side = target.kind === 'transaction' ? target.side : 'before';
  const found = `it was rolled back: what it did was never in the database`;
  const place = way('Its place in the WAL all the same', toLsnFlag(record.lsn, side), asked.timeline);
  const isPart = topXid !== undefined && topXid !== record.xid;
  const around = isPart
    ? `${way(`It is a part of transaction ${topXid}`, `--${side}-xid ${topXid}`, asked.timeline)}\n`
    : '';
  return refusal(asked, found, `${around}${place}`);
}

/** The transaction is prepared, and nothing ended it. */
export function stillPrepared(asked: Asked, prepared: PreparedAtTarget): Failure {
  const name = prepared.gid === undefined ? '' : ` as ${JSON.stringify(prepared.gid)}`;
  const found = `it is prepared${name}, and neither committed nor rolled back to the end of the archive`;
  const remedy =
    prepared.lsn === undefined
      ? way('The end of the archive, where it is prepared', '--to-latest', asked.timeline)
      : `${way('With it prepared', toLsnFlag(prepared.lsn), asked.timeline)}\n${way('Without it', toLsnFlag(prepared.lsn, 'before'), asked.timeline)}`;
  return refusal(asked, found, remedy);
}

/** Nothing of that number or name is in the WAL that can be replayed. */
export function notFound(asked: Asked, first: BackupPoint, last: TransactionEnd | undefined): Failure {
  const what = asked.target.kind === 'name' ? 'no restore point of that name' : 'no transaction of that number ended';
  const until = last === undefined ? 'the end of the archive' : `${formatTimeUs(last.timeUs)}, the last commit`;
  const found = `${what} between ${first.finishedAt.toISOString()}, the end of the first backup, and ${until}`;
  const remedy =
    last === undefined
      ? way('The end of the archive', '--to-latest', asked.timeline)
      : `${way('The last that can be reached', '--to-latest', asked.timeline)}\n${way('The same moment, whatever comes later', `--to-xid ${last.xid}`, asked.timeline)}`;
  return refusal(asked, found, remedy);
}

/** The target exists, but on a line that the chosen one does not contain. */
export function onAnotherTimeline(asked: Asked, chosen: number, other: number): Failure {
  const found = `it is not on the line of history of timeline ${chosen}, but on timeline ${other}`;
  return refusal(asked, found, way('Follow that line', asTyped(asked.target), other));
}

/** Nothing of what was written since the backup began is there. */
export function noWalOfBackup(asked: Asked, backup: BackupPoint, missing: string): Failure {
  const found = `the archive has no WAL from backup ${backup.name} on; ${missing} is the first that is missing`;
  return refusal(
    asked,
    found,
    `Push ${missing} and later from pg_wal of the server, or choose a target before ${formatLsn(backup.startLsn)}.`,
  );
}
