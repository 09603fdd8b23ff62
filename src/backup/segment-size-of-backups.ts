/**
 * The segment size of the server, by its backups: the name of one tells the segment that holds its start, which fits few
 * sizes.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import { parseBackupName } from '../walg/backup-names.ts';
import type { Backup } from './backup.ts';

const MIB = 1024 * 1024;
const USUAL_SEGMENT_BYTES = 16 * MIB;
const SEGMENT_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map((sizeMib) => sizeMib * MIB);

/** 16 MiB if that is possible. @throws {Failure} `refused` if no one size fits all. */
export function segmentSizeOfBackups(backups: readonly Backup[]): WalSegmentSizeBytes {
  const fitting = SEGMENT_SIZES.filter((sizeBytes) => backups.every((backup) => fitsName(backup, sizeBytes)));
  const chosen = fitting.includes(USUAL_SEGMENT_BYTES) ? USUAL_SEGMENT_BYTES : fitting[0];
  if (chosen !== undefined) return walSegmentSize(chosen);
  throw new Failure('refused', {
    message: 'cannot tell which WAL is still needed: the backups are of servers with different segment sizes',
    remedy: 'Delete backups one by one, by name; their WAL stays.',
  });
}

function fitsName({ name, startLsn }: Backup, sizeBytes: number): boolean {
  const segmentName = parseBackupName(name)?.segmentName ?? '';
  const high = BigInt(`0x${segmentName.slice(8, 16)}`) << 32n;
  const start = high + BigInt(`0x${segmentName.slice(16)}`) * BigInt(sizeBytes);
  return start <= startLsn && startLsn <= start + BigInt(sizeBytes);
}
