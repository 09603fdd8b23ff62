/**
 * WAL segments for unit tests: a first page as PostgreSQL 17 writes it, and behind it whatever fills it.
 *
 * @module
 */

import { parseSegmentName, segmentStart, walSegmentSize } from '../../postgres/wal-segment.ts';

/** A segment's content by its name. `fill` tells two contents of one name apart. */
export function segmentBytes(given: {
  readonly name: string;
  readonly sizeBytes: number;
  readonly systemIdentifier: bigint;
  readonly fill?: number;
}): Buffer {
  const size = walSegmentSize(given.sizeBytes);
  const segment = parseSegmentName(given.name, size);
  if (segment === undefined) throw new Error(`${given.name} is no segment of ${size} bytes`);
  const bytes = Buffer.alloc(size, given.fill ?? 0);
  bytes.writeUInt16LE(0xd116, 0);
  bytes.writeUInt16LE(0x0002, 2);
  bytes.writeUInt32LE(segment.timeline, 4);
  bytes.writeBigUInt64LE(segmentStart(segment, size), 8);
  bytes.writeUInt32LE(0, 16);
  bytes.writeUInt32LE(0, 20);
  bytes.writeBigUInt64LE(given.systemIdentifier, 24);
  bytes.writeUInt32LE(size, 32);
  bytes.writeUInt32LE(8192, 36);
  return bytes;
}
