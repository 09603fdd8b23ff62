/**
 * The control file, `global/pg_control`: a server's identity, its last checkpoint, and the settings that a recovery
 * must not go below.
 *
 * Refuses a file of another size class, byte order or major, and one whose CRC does not match. Fields of 14 to 18 are
 * at the same offsets; only the place of the CRC moved in 18.
 *
 * Source: `src/include/catalog/pg_control.h` (`ControlFileData`, `CheckPoint`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { crc32c } from './crc32c.ts';
import { lsn, type Lsn } from './lsn.ts';
import { versionByControl } from './versions.ts';
import { walSegmentSize, type WalSegmentSizeBytes } from './wal-segment.ts';

/** `DBState`, in the words of pg_controldata. */
export type ClusterState =
  | 'starting up'
  | 'shut down'
  | 'shut down in recovery'
  | 'shutting down'
  | 'in crash recovery'
  | 'in archive recovery'
  | 'in production';

/** `wal_level` as WAL and pg_control write it. */
export type WalLevel = 'minimal' | 'replica' | 'logical';

/** What a control file says. */
export interface ControlFile {
  readonly systemIdentifier: bigint;
  readonly majorVersion: number;
  readonly catalogVersion: number;
  readonly state: ClusterState;
  /** When it was last written, in seconds since the Unix epoch. */
  readonly writtenAtSeconds: bigint;
  /** First byte of the last checkpoint record. */
  readonly checkpointLsn: Lsn;
  /** Where replay from that checkpoint begins. */
  readonly redoLsn: Lsn;
  /** Of the last checkpoint; {@link timelineOf} is the server's. */
  readonly timeline: number;
  /** Full transaction number: epoch in the high 32 bits. */
  readonly nextXid: bigint;
  /** Replay must get at least here before the cluster is consistent; 0 after a clean shutdown. */
  readonly minRecoveryPoint: Lsn;
  readonly minRecoveryTimeline: number;
  readonly backupStartLsn: Lsn;
  readonly backupEndLsn: Lsn;
  readonly backupEndRequired: boolean;
  readonly walLevel: WalLevel;
  /** True if changes of hints are written to WAL, as they are with checksums. */
  readonly hasWalLogHints: boolean;
  readonly maxConnections: number;
  readonly maxWorkerProcesses: number;
  readonly maxWalSenders: number;
  readonly maxPreparedTransactions: number;
  readonly maxLocksPerTransaction: number;
  readonly blockSizeBytes: number;
  /** Pages of the largest data file: 131072 as PostgreSQL is usually built. */
  readonly blocksPerSegment: number;
  readonly walPageSizeBytes: number;
  readonly walSegmentSizeBytes: WalSegmentSizeBytes;
  /** 0: pages carry no checksums. */
  readonly dataChecksumVersion: number;
}

const STATES: readonly ClusterState[] = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
];

const WAL_LEVELS: readonly WalLevel[] = ['minimal', 'replica', 'logical'];

/** The part that any version needs: struct and CRC, zero-padded to 8192 bytes by the server. */
const SMALLEST_BYTES = 296;
const FLOAT_FORMAT = 1234567;

/** `wal_level` of the number that WAL and pg_control hold; `undefined` for a number that means none. */
export function walLevelOf(number: number): WalLevel | undefined {
  return WAL_LEVELS[number];
}

/**
 * The timeline that the server is on. After a promotion its checkpoint is of the one before, for minutes, until the first one of
 * its own, and a standby's is of what it last made a restart point of; how far it has recovered is on the new one at once.
 *
 * Source: `src/backend/access/transam/xlog.c` (`CreateEndOfRecoveryRecord`, `UpdateMinRecoveryPoint`, `CreateCheckPoint`).
 */
export function timelineOf(control: Pick<ControlFile, 'timeline' | 'minRecoveryTimeline'>): number {
  return Math.max(control.timeline, control.minRecoveryTimeline);
}

/**
 * Reads `global/pg_control`.
 *
 * @throws {Failure} `corrupt` if it is short, of another byte order, or its CRC is wrong; `refused` for an unknown major.
 */
export function parseControlFile(bytes: Buffer): ControlFile {
  if (bytes.length < SMALLEST_BYTES) throw damaged(`it has ${bytes.length} bytes, fewer than ${SMALLEST_BYTES}`);
  const version = versionByControl(bytes.readUInt32LE(8), bytes.readUInt32LE(12));
  const stored = bytes.readUInt32LE(version.controlCrcOffset);
  const computed = crc32c(bytes, 0, version.controlCrcOffset);
  if (stored !== computed) throw damaged(`its CRC is ${hex(stored)}, its bytes give ${hex(computed)}`);
  if (bytes.readDoubleLE(208) !== FLOAT_FORMAT) throw damaged('its number format is not that of this kind of machine');
  const state = STATES[bytes.readUInt32LE(16)];
  const walLevel = walLevelOf(bytes.readInt32LE(172));
  if (state === undefined || walLevel === undefined)
    throw damaged('its state or wal_level is a number without meaning');
  return {
    systemIdentifier: bytes.readBigUInt64LE(0),
    majorVersion: version.major,
    catalogVersion: version.catalogVersion,
    state,
    walLevel,
    hasWalLogHints: bytes.readUInt8(176) !== 0,
    ...positionsOf(bytes),
    ...settingsOf(bytes),
    ...layoutOf(bytes),
  };
}

function positionsOf(bytes: Buffer) {
  return {
    writtenAtSeconds: bytes.readBigInt64LE(24),
    checkpointLsn: lsn(bytes.readBigUInt64LE(32)),
    redoLsn: lsn(bytes.readBigUInt64LE(40)),
    timeline: bytes.readUInt32LE(48),
    nextXid: bytes.readBigUInt64LE(64),
    minRecoveryPoint: lsn(bytes.readBigUInt64LE(136)),
    minRecoveryTimeline: bytes.readUInt32LE(144),
    backupStartLsn: lsn(bytes.readBigUInt64LE(152)),
    backupEndLsn: lsn(bytes.readBigUInt64LE(160)),
    backupEndRequired: bytes.readUInt8(168) !== 0,
  };
}

function settingsOf(bytes: Buffer) {
  return {
    maxConnections: bytes.readInt32LE(180),
    maxWorkerProcesses: bytes.readInt32LE(184),
    maxWalSenders: bytes.readInt32LE(188),
    maxPreparedTransactions: bytes.readInt32LE(192),
    maxLocksPerTransaction: bytes.readInt32LE(196),
  };
}

function layoutOf(bytes: Buffer) {
  return {
    blockSizeBytes: bytes.readUInt32LE(216),
    blocksPerSegment: bytes.readUInt32LE(220),
    walPageSizeBytes: bytes.readUInt32LE(224),
    walSegmentSizeBytes: walSegmentSize(bytes.readUInt32LE(228)),
    dataChecksumVersion: bytes.readUInt32LE(252),
  };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function damaged(found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot read pg_control: ${found}`,
    remedy: 'Take the file from a backup or from the server itself again; compare with pg_controldata.',
  });
}
