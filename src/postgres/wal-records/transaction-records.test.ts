import { describe, expect, it } from 'vitest';

import { lsn } from '../lsn.ts';
import { versionByMajor } from '../versions.ts';
import { decodeTransactionRecord } from './transaction-records.ts';

const PLACE = { lsn: lsn(0x2000n), endLsn: lsn(0x2200n), timeline: 1, xid: 900 };
const COMMIT_WITH_XINFO = 0x80;
const PREPARE = 0x10;
const EPOCH_US = 946_684_800_000_000n;

const int32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeInt32LE(value | 0, index * 4));
  return bytes;
};

const int64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
};

/** One dropped-statistics item, of 12 or 16 bytes. */
const statistics = (major: number, kind: number, oid: number): Buffer =>
  major >= 18 ? int32(kind, 5, oid, 0) : int32(kind, 5, oid);
const relcache = (oid: number): Buffer => Buffer.concat([Buffer.from([0xfe, 9, 9, 9]), int32(5, oid, 0)]);
const catcache = Buffer.concat([Buffer.from([33, 0, 0, 0]), int32(5, 99, 0)]);

/** A commit record with every part that a record can have. */
function everything(major: number): Buffer {
  const hasStatistics = major >= 15;
  const xinfo = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | (hasStatistics ? 0x100 : 0);
  return Buffer.concat([
    int64(1_000_000n),
    int32(xinfo),
    int32(5, 1663),
    int32(2, 901, 902),
    int32(1, 1663, 5, 16_400),
    ...(hasStatistics ? [int32(2), statistics(major, 2, 16_400), statistics(major, 3, 16_999)] : []),
    int32(3),
    relcache(16_400),
    catcache,
    relcache(16_400),
    int32(870),
    Buffer.from('the name\0'),
    int64(0x77n),
    int64(5n),
  ]);
}

describe.each([14, 15, 16, 17, 18])('a commit record of PostgreSQL %i', (major) => {
  const version = versionByMajor(major);
  const decode = (main: Buffer, originId?: number) =>
    decodeTransactionRecord(PLACE, COMMIT_WITH_XINFO, main, version, originId);

  it('is read to its end with all of its parts', () => {
    expect(decode(everything(major), 3)).toEqual({
      ...PLACE,
      kind: 'commit',
      xid: 870,
      timeUs: EPOCH_US + 1_000_000n,
      subxids: [901, 902],
      gid: 'the name',
      databaseOid: 5,
      droppedFiles: [{ tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 }],
      droppedOids: major >= 15 ? [{ databaseOid: 5, oid: 16_400 }] : [],
      invalidatedOids: [{ databaseOid: 5, oid: 16_400 }],
      originId: 3,
      originLsn: 0x77n,
    });
  });

  it('is refused where it ends early or late', () => {
    expect(() => decode(everything(major).subarray(0, -1))).toThrow('bytes left for');
    expect(() => decode(Buffer.concat([everything(major), Buffer.alloc(1)]))).toThrow('1 bytes more than its fields');
  });

  it('is refused for a count that it cannot hold, before anything is allocated', () => {
    const main = Buffer.concat([int64(0n), int32(0x4), int32(0x7fffffff)]);
    expect(() => decode(main)).toThrow('0 bytes left for 25769803764');
  });
});

function prepare(major: number): Buffer {
  const counts = major >= 15 ? int32(1, 1, 2, 1, 1, 2) : int32(1, 1, 2, 2);
  const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
  const gid = Buffer.from('transfer 7\0');
  const header = Buffer.concat([
    int32(0x57f94534, 0, 870, 5),
    int64(2_000_000n),
    int32(10),
    counts,
    Buffer.from([0, 0, gid.length, 0]),
    int64(0n),
    int64(0n),
  ]);
  return Buffer.concat([
    header,
    padded(gid),
    padded(int32(871)),
    padded(int32(1663, 5, 16_400)),
    padded(int32(1663, 5, 16_500, 1663, 5, 16_501)),
    ...(major >= 15 ? [padded(statistics(major, 2, 16_400)), padded(statistics(major, 2, 16_500))] : []),
    padded(Buffer.concat([relcache(16_400), catcache])),
    Buffer.alloc(24, 0x11),
  ]);
}

describe.each([14, 15, 16, 17, 18])('a PREPARE record of PostgreSQL %i', (major) => {
  it('tells what its commit, and what its rollback, will do', () => {
    const main = prepare(major);
    expect(main.readUInt16LE(versionByMajor(major).prepareHeaderBytes - 18)).toBe(11);
    expect(decodeTransactionRecord(PLACE, PREPARE, main, versionByMajor(major))).toEqual({
      ...PLACE,
      kind: 'prepare',
      xid: 870,
      gid: 'transfer 7',
      databaseOid: 5,
      preparedAtUs: EPOCH_US + 2_000_000n,
      subxids: [871],
      droppedFiles: [{ tablespaceOid: 1663, databaseOid: 5, filenode: 16_400 }],
      filesDroppedByAbort: [16_500, 16_501].map((filenode) => ({ tablespaceOid: 1663, databaseOid: 5, filenode })),
      droppedOids: major >= 15 ? [{ databaseOid: 5, oid: 16_400 }] : [],
      invalidatedOids: [{ databaseOid: 5, oid: 16_400 }],
      originId: undefined,
      originLsn: undefined,
    });
  });
});
