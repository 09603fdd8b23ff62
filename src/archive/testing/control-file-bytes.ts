/**
 * Control files for unit tests, as PostgreSQL 17 writes them.
 *
 * @module
 */

import { crc32c } from '../../postgres/crc32c.ts';
import { versionByMajor } from '../../postgres/versions.ts';

/** The content of `global/pg_control`. */
export function controlFileBytes(given: {
  readonly systemIdentifier: bigint;
  readonly walSegmentSizeBytes?: number;
  readonly redoLsn?: bigint;
  readonly timeline?: number;
  readonly minRecoveryTimeline?: number;
}): Buffer {
  const version = versionByMajor(17);
  const bytes = Buffer.alloc(8192);
  bytes.writeBigUInt64LE(given.systemIdentifier, 0);
  bytes.writeUInt32LE(version.controlVersion, 8);
  bytes.writeUInt32LE(version.catalogVersion, 12);
  bytes.writeUInt32LE(6, 16);
  bytes.writeBigUInt64LE(given.redoLsn ?? 0n, 40);
  bytes.writeUInt32LE(given.timeline ?? 1, 48);
  bytes.writeUInt32LE(given.minRecoveryTimeline ?? 0, 144);
  bytes.writeUInt32LE(1, 172);
  bytes.writeDoubleLE(1234567, 208);
  bytes.writeUInt32LE(8192, 216);
  bytes.writeUInt32LE(8192, 224);
  bytes.writeUInt32LE(given.walSegmentSizeBytes ?? 16 * 1024 * 1024, 228);
  bytes.writeUInt32LE(crc32c(bytes, 0, version.controlCrcOffset), version.controlCrcOffset);
  return bytes;
}
