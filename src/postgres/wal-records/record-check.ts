/**
 * The checks that every record passes before anything in it is believed.
 *
 * Source: `src/backend/access/transam/xlogreader.c` (`ValidXLogRecordHeader`, `ValidXLogRecord`).
 *
 * @module
 */

import { CRC32C_START, extendCrc32c, finishCrc32c } from '../crc32c.ts';
import {
  CRC_OFFSET,
  FIRST_CUSTOM_RESOURCE_MANAGER,
  LAST_BUILT_IN_RESOURCE_MANAGER,
  RECORD_HEADER_BYTES,
} from './wal-record.ts';

/** The checksum of the record in `bytes[start .. end)`: its data first, then its header up to the checksum. */
export function recordCrc(bytes: Buffer, start: number, end: number): number {
  const ofData = extendCrc32c(CRC32C_START, bytes, start + RECORD_HEADER_BYTES, end);
  return finishCrc32c(extendCrc32c(ofData, bytes, start, start + CRC_OFFSET));
}

/** What is wrong with the record in `bytes[start .. end)`; `undefined` if it is whole. */
export function recordProblem(bytes: Buffer, start: number, end: number): string | undefined {
  const resourceManager = bytes[start + 17] ?? 0;
  if (resourceManager > LAST_BUILT_IN_RESOURCE_MANAGER && resourceManager < FIRST_CUSTOM_RESOURCE_MANAGER) {
    return `a record of resource manager ${resourceManager}, which does not exist`;
  }
  return bytes.readUInt32LE(start + CRC_OFFSET) === recordCrc(bytes, start, end)
    ? undefined
    : 'a record whose CRC does not fit its bytes';
}
