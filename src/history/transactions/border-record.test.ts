import { describe, expect, it } from 'vitest';

import { SyntheticWal, SYNTHETIC_SEGMENT_BYTES } from '../../../tests/support/synthetic-wal.ts';
import { lsn, type Lsn } from '../../postgres/lsn.ts';
import { buildSegmentIndex } from '../../wal-index/build-segment-index.ts';
import type { SegmentIndex } from '../../wal-index/segment-index.ts';
import { NameBook } from '../names/name-book.ts';
import { readTransactions } from './read-transactions.ts';
import { segments } from './testing/hand-made-index.ts';

const LINE = { timeline: 1, ancestors: [] };

async function read(all: readonly SegmentIndex[]) {
  const scan = readTransactions({ indexes: segments(all), names: new NameBook(), line: LINE });
  const list = await Array.fromAsync(scan);
  return { list, scan };
}

/** A COMMIT whose list of children is so long that it goes over the border of segments. */
function commitWith(subxids: readonly number[]): Buffer {
  const data = Buffer.alloc(16 + subxids.length * 4);
  data.writeUInt32LE(2, 8);
  data.writeInt32LE(subxids.length, 12);
  for (const [place, subxid] of subxids.entries()) data.writeUInt32LE(subxid, 16 + place * 4);
  return data;
}

describe('a record over the border of segments', () => {
  const wal = new SyntheticWal({ firstSegment: 1n });
  wal.append({ resourceManager: 1, info: 0, xid: 5, mainData: Buffer.alloc(8) });
  const subxids = Array.from({ length: (SYNTHETIC_SEGMENT_BYTES * 5) / 8 }, (_, place) => 101 + place);
  const crossing = wal.append({ resourceManager: 1, info: 0x80, xid: 100, mainData: commitWith(subxids) });
  const behind = wal.append({ resourceManager: 1, info: 0, xid: 7, mainData: Buffer.alloc(8) });
  const built = wal
    .segments()
    .map(({ bytes }, n) =>
      buildSegmentIndex({ fileName: `00000001000000000000000${n + 1}`, bytes: Buffer.from(bytes) }),
    );

  it('is put together, over three of them', async () => {
    const { list } = await read(built);
    expect(list.map((one) => [one.xid, one.lsn]).slice(1)).toEqual([
      [100, crossing],
      [7, behind],
    ]);
    expect(list[1]?.subxids).toEqual(subxids);
    expect(list[1]?.endLsn).toBe(behind);
  });

  it('is damage if its bytes are not its own', async () => {
    const [first, second, ...rest] = built;
    if (first === undefined || second === undefined) throw new Error('too few segments');
    const bytes = Buffer.from(second.head.bytes);
    bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
    const { list, scan } = await read([first, { ...second, head: { ...second.head, bytes } }, ...rest]);
    expect(list.map(({ xid }) => xid)).toEqual([5]);
    expect(scan.end).toMatchObject({ kind: 'damage', stop: { lsn: crossing, kind: 'damaged' } });
  });

  it('is passed over if it began before the first segment', async () => {
    const { list, scan } = await read(built.slice(1));
    expect(list.map(({ xid }) => xid)).toEqual([7]);
    expect(scan.end?.kind).toBe('endOfArchive');
  });

  const lostIn = (first: SegmentIndex, last: SegmentIndex, head: SegmentIndex['head'], overwrittenLsn: Lsn) => {
    const place = { lsn: lsn(behind - 64n), endLsn: behind, timeline: 1, xid: 0 };
    const named = { ...place, kind: 'overwriteContrecord', overwrittenLsn, timeUs: 0n } as const;
    const link = { lsn: place.lsn, previousLsn: first.last?.lsn ?? lsn(0n) };
    return { ...last, head, first: link, events: [named, ...last.events] };
  };

  it('is gone if the server lost it in a crash, at once or after a part of it', async () => {
    const [first, second, ...rest] = built;
    const last = rest.at(-1);
    if (first === undefined || second === undefined || last === undefined) throw new Error('too few segments');
    const atOnce = { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: true };
    const partway = { ...second.head, bytes: second.head.bytes.subarray(0, 8000), isOverwritten: true };
    for (const head of [atOnce, partway]) {
      const { list, scan } = await read([first, lostIn(first, last, head, crossing)]);
      expect(list.map(({ xid }) => xid)).toEqual([5, 7]);
      expect(scan.end?.kind).toBe('endOfArchive');
    }
  });

  it('is damage if the server says that it lost another one, or names none', async () => {
    const [first, ...rest] = built;
    const last = rest.at(-1);
    if (first === undefined || last === undefined) throw new Error('too few segments');
    const head = { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: true };
    const other = await read([first, lostIn(first, last, head, lsn(crossing + 8n))]);
    expect(other.scan.end).toMatchObject({
      kind: 'damage',
      stop: { reason: expect.stringContaining('another record') },
    });
    const none = { ...lostIn(first, last, head, crossing), events: last.events };
    const { scan } = await read([first, none]);
    expect(scan.end).toMatchObject({ kind: 'damage', stop: { reason: expect.stringContaining('none names it') } });
  });
});
