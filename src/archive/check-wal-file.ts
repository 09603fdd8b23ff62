/**
 * Checks that the bytes of a WAL file are the file that its name says, of this cluster.
 *
 * Applied on the way out, so that nothing wrong is archived, and on the way in, so that nothing wrong reaches a server:
 * PostgreSQL takes a segment that is empty, zero-filled or another cluster's for the end of the WAL. It refuses segments
 * of a wrong size, without the magic of a known PostgreSQL, with the address of another segment, of another system
 * identifier, or from a timeline later than their name's.
 *
 * Records are not read here: a page that is torn in the middle of a segment is found when it is replayed or scanned.
 *
 * Source: PostgreSQL `src/include/access/xlog_internal.h` (`XLogLongPageHeaderData`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { parseHistoryName, parseTimelineHistory } from '../postgres/timeline-history.ts';
import { parseSegmentName, segmentStart, walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import { unknownWalVersion, versionByMagic } from '../postgres/versions.ts';
import { walFileKind } from '../walg/object-names.ts';

/** What is known of the cluster that a file must belong to. What is not known is not checked. */
export interface ExpectedWal {
  readonly systemIdentifier?: bigint | undefined;
  readonly walSegmentSizeBytes?: number | undefined;
}

/** The first page's header of a segment. */
export interface SegmentHeader {
  readonly majorVersion: number;
  readonly timeline: number;
  readonly pageLsn: Lsn;
  readonly systemIdentifier: bigint;
  readonly walSegmentSizeBytes: WalSegmentSizeBytes;
}

const LONG_HEADER_BYTES = 40;
const LONG_HEADER_FLAG = 0x0002;
const ALL_FLAGS = 0x000f;

function damaged(what: string, found: string, facts: readonly string[] = []): Failure {
  return new Failure('corrupt', {
    message: `cannot use ${what}: ${found}`,
    remedy:
      'Compare it with the same file in pg_wal of a server that still has it, and archive that; without one, recovery past it is not possible.',
    facts,
  });
}

/**
 * Reads the header of a segment's first page.
 *
 * @param what names the bytes in errors: a path, or an object's key.
 * @throws {Failure} `corrupt` if it is none.
 */
export function readSegmentHeader(bytes: Buffer, what: string): SegmentHeader {
  if (bytes.length < LONG_HEADER_BYTES) throw damaged(what, `it has ${bytes.length} bytes, less than a page header`);
  const magic = bytes.readUInt16LE(0);
  const flags = bytes.readUInt16LE(2);
  const version = versionByMagic(magic);
  // Zeros are no other version, but a file that was never written or lost its content.
  if (version === undefined && magic === 0) throw damaged(what, 'it begins with zeros');
  if (version === undefined) throw unknownWalVersion(magic, what);
  if ((flags & LONG_HEADER_FLAG) === 0 || (flags & ~ALL_FLAGS) !== 0) {
    throw damaged(what, `its first page has the flags 0x${flags.toString(16)}, which no segment begins with`);
  }
  return {
    majorVersion: version.major,
    timeline: bytes.readUInt32LE(4),
    pageLsn: lsn(bytes.readBigUInt64LE(8)),
    systemIdentifier: bytes.readBigUInt64LE(24),
    walSegmentSizeBytes: segmentSizeIn(bytes.readUInt32LE(32), what),
  };
}

function segmentSizeIn(sizeBytes: number, what: string): WalSegmentSizeBytes {
  try {
    return walSegmentSize(sizeBytes);
  } catch {
    throw damaged(what, `its first page says that segments have ${sizeBytes} bytes, which no cluster's have`);
  }
}

/** @throws {Failure} `conflict` if a file is another cluster's. */
function checkCluster(what: string, found: bigint, expected: bigint | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new Failure('conflict', {
    message: `cannot use ${what}: it is WAL of the system ${found}, and this is the system ${expected}`,
    remedy: 'One archive holds one cluster. Give this server an archive of its own, or look up which archive is its.',
  });
}

function checkSegment(bytes: Buffer, name: string, what: string, expected: ExpectedWal): void {
  const header = readSegmentHeader(bytes, what);
  const size = header.walSegmentSizeBytes;
  const expectedSize = expected.walSegmentSizeBytes ?? size;
  if (bytes.length !== expectedSize || size !== expectedSize) {
    throw damaged(what, `it has ${bytes.length} bytes, and a segment of this cluster has ${expectedSize}`);
  }
  const segment = parseSegmentName(name, size);
  if (segment === undefined) throw damaged(what, `${name} is no name of a segment of ${size} bytes`);
  const address = segmentStart(segment, size);
  if (header.pageLsn !== address) {
    const found = `its first page is that of ${formatLsn(header.pageLsn)}, and the name says ${formatLsn(address)}`;
    throw damaged(what, found, ['A segment that the server has recycled and not yet written looks like this.']);
  }
  if (header.timeline < 1 || header.timeline > segment.timeline) {
    throw damaged(what, `its first page is of timeline ${header.timeline}, and the name says ${segment.timeline}`);
  }
  checkCluster(what, header.systemIdentifier, expected.systemIdentifier);
}

function checkBackupHistory(bytes: Buffer, what: string): void {
  if (bytes.subarray(0, 64).toString('latin1').startsWith('START WAL LOCATION: ')) return;
  throw damaged(what, 'it does not begin with "START WAL LOCATION"');
}

/**
 * Checks a file of any kind by its name.
 *
 * @throws {Failure} `corrupt` if it is not what its name says, `conflict` if it is another cluster's, `usage` for a name
 *   that no file of `pg_wal` has.
 */
export function checkWalFile(bytes: Buffer, fileName: string, what: string, expected: ExpectedWal = {}): void {
  const kind = walFileKind(fileName);
  switch (kind) {
    case 'segment':
    case 'partial':
      return checkSegment(bytes, fileName.slice(0, 24), what, expected);
    case 'history':
      if (bytes.length === 0) throw damaged(what, 'it is empty');
      parseTimelineHistory(parseHistoryName(fileName) ?? 0, bytes.toString('utf8'));
      return;
    case 'backupHistory':
      return checkBackupHistory(bytes, what);
    case undefined:
      throw new Failure('usage', {
        message: `cannot use ${JSON.stringify(fileName)}: it is not the name of a WAL file`,
        remedy: 'Give the file name that PostgreSQL puts in for %f, such as 0000000100000000000000A1.',
      });
    default:
      return kind satisfies never;
  }
}
