/**
 * One WAL record written by the test itself, as the format says: any block references, images and data.
 *
 * @module
 */

import { recordCrc } from '../../src/postgres/wal-records/record-check.ts';

/** The image of a page in a record. `info` is `bimg_info`, whose bits depend on the major. */
export interface SyntheticImage {
  readonly bytes: Buffer;
  readonly info: number;
  readonly holeOffset?: number;
  /** Written where the image is compressed and has a hole. */
  readonly holeBytes?: number;
}

/** A block reference. */
export interface SyntheticBlock {
  readonly id: number;
  readonly fork?: number;
  /** `undefined`: the one of the block reference before. */
  readonly relation?: { readonly tablespaceOid: number; readonly databaseOid: number; readonly filenode: number };
  readonly blockNumber: number;
  readonly data?: Buffer;
  readonly image?: SyntheticImage;
  readonly willInit?: boolean;
}

/** A record to write. */
export interface SyntheticRecord {
  readonly resourceManager: number;
  readonly info?: number;
  readonly xid?: number;
  readonly blocks?: readonly SyntheticBlock[];
  readonly originId?: number;
  readonly topXid?: number;
  readonly mainData?: Buffer;
}

const uint8 = (value: number): Buffer => Buffer.from([value]);

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function blockHeader({ id, fork = 0, relation, blockNumber, data, image, willInit = false }: SyntheticBlock): Buffer {
  const flags =
    fork |
    (image === undefined ? 0 : 0x10) |
    (data === undefined ? 0 : 0x20) |
    (willInit ? 0x40 : 0) |
    (relation === undefined ? 0x80 : 0);
  const parts = [uint8(id), uint8(flags), uint16(data?.length ?? 0)];
  if (image !== undefined) {
    parts.push(uint16(image.bytes.length), uint16(image.holeOffset ?? 0), uint8(image.info));
    if (image.holeBytes !== undefined) parts.push(uint16(image.holeBytes));
  }
  if (relation !== undefined) {
    parts.push(uint32(relation.tablespaceOid), uint32(relation.databaseOid), uint32(relation.filenode));
  }
  return Buffer.concat([...parts, uint32(blockNumber)]);
}

/** The bytes of one record, with its CRC. */
export function syntheticRecord(record: SyntheticRecord, previousLsn: bigint): Buffer {
  const { blocks = [], originId, topXid, mainData } = record;
  const bytes = Buffer.concat([
    Buffer.alloc(24),
    ...blocks.map(blockHeader),
    ...(originId === undefined ? [] : [uint8(253), uint16(originId)]),
    ...(topXid === undefined ? [] : [uint8(252), uint32(topXid)]),
    ...(mainData === undefined ? [] : [uint8(254), uint32(mainData.length)]),
    ...blocks.flatMap(({ image, data }) => [image?.bytes, data]).filter((part) => part !== undefined),
    ...(mainData === undefined ? [] : [mainData]),
  ]);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(record.xid ?? 0, 4);
  bytes.writeBigUInt64LE(previousLsn, 8);
  bytes.writeUInt8(record.info ?? 0, 16);
  bytes.writeUInt8(record.resourceManager, 17);
  bytes.writeUInt32LE(recordCrc(bytes, 0, bytes.length), 20);
  return bytes;
}

/** The same record with another link to the one before, and the CRC that goes with it. */
export function relinkedRecord(record: Buffer, previousLsn: bigint): Buffer {
  const bytes = Buffer.from(record);
  bytes.writeBigUInt64LE(previousLsn, 8);
  bytes.writeUInt32LE(recordCrc(bytes, 0, bytes.length), 20);
  return bytes;
}
