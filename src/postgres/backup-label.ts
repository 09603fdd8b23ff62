/**
 * `backup_label`, and the `.backup` history file that the server archives when a backup ends: the same lines, with
 * where it stopped added.
 *
 * Source: `src/backend/access/transam/xlogbackup.c` (`build_backup_content`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { parseLsn, type Lsn } from './lsn.ts';

/** What both kinds of file say. */
export interface BackupLabel {
  /** Where replay begins: the redo position of the backup's checkpoint. */
  readonly startLsn: Lsn;
  readonly startSegmentName: string;
  readonly checkpointLsn: Lsn;
  readonly method: string;
  readonly from: 'primary' | 'standby';
  /** As the server wrote it, in its `log_timezone`. */
  readonly startTime: string;
  readonly label: string;
  readonly startTimeline: number;
  /** 17+: only in an incremental backup, which the server refuses to start before pg_combinebackup. */
  readonly incrementalFromLsn?: Lsn;
  /** Only in a `.backup` file: the last position that the backup needs. */
  readonly stopLsn?: Lsn;
  readonly stopTime?: string;
  readonly stopTimeline?: number;
}

const BACKUP_HISTORY_NAME = /^([0-9A-F]{24})\.([0-9A-F]{8})\.backup$/;
const POSITION_AND_FILE = /^(\S+) \(file ([0-9A-F]{24})\)$/;

/** The parts of `000000010000000000000002.00000028.backup`; `undefined` for any other name. */
export function parseBackupHistoryName(name: string): { segmentName: string; offsetBytes: number } | undefined {
  const [, segmentName, offset] = BACKUP_HISTORY_NAME.exec(name) ?? [];
  if (segmentName === undefined || offset === undefined) return undefined;
  return { segmentName, offsetBytes: Number.parseInt(offset, 16) };
}

/**
 * Reads a `backup_label` or `.backup` file. A label text may hold line feeds; only the first line of each name counts.
 *
 * @param fileName for messages.
 * @throws {Failure} `corrupt` if a line that must be there is missing or cannot be read.
 */
export function parseBackupLabel(text: string, fileName = 'backup_label'): BackupLabel {
  const lines = linesByName(text);
  const required = (name: string): string => lines.get(name) ?? missing(fileName, name);
  const start = positionAndFile(fileName, 'START WAL LOCATION', required('START WAL LOCATION'));
  const stopText = lines.get('STOP WAL LOCATION');
  const incremental = lines.get('INCREMENTAL FROM LSN');
  const stopTimeline = lines.get('STOP TIMELINE');
  const stopTime = lines.get('STOP TIME');
  return {
    startLsn: start.position,
    startSegmentName: start.segmentName,
    checkpointLsn: position(fileName, 'CHECKPOINT LOCATION', required('CHECKPOINT LOCATION')),
    method: required('BACKUP METHOD'),
    from: required('BACKUP FROM') === 'standby' ? 'standby' : 'primary',
    startTime: required('START TIME'),
    label: required('LABEL'),
    startTimeline: timelineNumber(fileName, required('START TIMELINE')),
    ...(incremental !== undefined && { incrementalFromLsn: position(fileName, 'INCREMENTAL FROM LSN', incremental) }),
    ...(stopText !== undefined && { stopLsn: positionAndFile(fileName, 'STOP WAL LOCATION', stopText).position }),
    ...(stopTime !== undefined && { stopTime }),
    ...(stopTimeline !== undefined && { stopTimeline: timelineNumber(fileName, stopTimeline) }),
  };
}

function linesByName(text: string): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0 && !lines.has(line.slice(0, colon))) lines.set(line.slice(0, colon), line.slice(colon + 2).trimEnd());
  }
  return lines;
}

function positionAndFile(fileName: string, name: string, value: string) {
  const [, positionText = '', segmentName = ''] = POSITION_AND_FILE.exec(value) ?? [];
  return { position: position(fileName, name, positionText || value), segmentName };
}

function position(fileName: string, name: string, value: string): Lsn {
  return parseLsn(value) ?? unreadable(fileName, name, value);
}

function timelineNumber(fileName: string, value: string): number {
  return /^[1-9]\d{0,9}$/.test(value) ? Number(value) : unreadable(fileName, 'TIMELINE', value);
}

function missing(fileName: string, name: string): never {
  throw broken(fileName, `it has no line ${JSON.stringify(`${name}:`)}`);
}

function unreadable(fileName: string, name: string, value: string): never {
  throw broken(fileName, `${name} is ${JSON.stringify(value.slice(0, 100))}`);
}

function broken(fileName: string, found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot read ${fileName}: ${found}`,
    remedy: 'Use another backup; this one was not finished as the server writes it, or its label was changed.',
  });
}
