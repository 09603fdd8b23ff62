import { describe, expect, it } from 'vitest';

import { endData, SyntheticWal } from '../../../tests/support/synthetic-wal.ts';
import { PageScan } from './page-scan.ts';
import { recordProblem } from './record-check.ts';
import { isSegmentSwitch } from './wal-record.ts';

const PAGE_BYTES = 8192;
const FIRST_LOW = 0x10_0000;
const HEADER_BYTES = 40;

/** The first page of a segment, filled with records of many lengths. */
function filledPage(withSwitch = false): Buffer {
  const wal = new SyntheticWal();
  for (let step = 0; wal.roomBytes > 700; step += 1) {
    if (withSwitch && step === 10) wal.append({ resourceManager: 0, info: 0x40 });
    wal.append({ resourceManager: step % 22, info: step === 3 ? 0x40 : 0x10, mainData: Buffer.alloc(step * 13, step) });
  }
  wal.append({ resourceManager: 128, mainData: endData(0n) });
  const [segment] = wal.segments();
  if (segment === undefined) throw new Error('no segment');
  return Buffer.from(segment.bytes.subarray(0, PAGE_BYTES));
}

/** Where the sound records begin, one by one. */
function soundOneByOne(page: Buffer): number[] {
  const starts: number[] = [];
  let previous = page.readBigUInt64LE(HEADER_BYTES + 8);
  for (let at = HEADER_BYTES; at + 24 <= PAGE_BYTES;) {
    const end = at + page.readUInt32LE(at);
    if (end < at + 24 || end > PAGE_BYTES || page.readBigUInt64LE(at + 8) !== previous) break;
    if (recordProblem(page, at, end) !== undefined) break;
    starts.push(at);
    if (isSegmentSwitch(page, at)) break;
    previous = BigInt(FIRST_LOW + at);
    at = Math.ceil(end / 8) * 8;
  }
  return starts;
}

function soundAtOnce(page: Buffer, scan = new PageScan()): number[] {
  const previousLow = page.readUInt32LE(HEADER_BYTES + 8);
  const previousHigh = page.readUInt32LE(HEADER_BYTES + 12);
  scan.scan(page, HEADER_BYTES, PAGE_BYTES, 0, FIRST_LOW, previousHigh, previousLow);
  const found = Array.from({ length: scan.count }, (_, index) => scan.startOf(index));
  for (const [index, start] of found.entries()) expect(scan.endOf(index)).toBe(start + page.readUInt32LE(start));
  return found;
}

describe('the scan of a page', () => {
  it('finds all sound records, and none behind a segment switch', () => {
    expect(soundAtOnce(filledPage())).toEqual(soundOneByOne(filledPage()));
    expect(soundAtOnce(filledPage()).length).toBeGreaterThan(30);
    expect(soundAtOnce(filledPage(true))).toHaveLength(11);
  });

  it('finds what a look at each record finds, whichever bit is flipped', () => {
    const sound = filledPage();
    const scan = new PageScan();
    const all = soundOneByOne(sound).length;
    const counts = new Set<number>();
    for (let round = 0; round < 400; round += 1) {
      const page = Buffer.from(sound);
      const bit = HEADER_BYTES * 8 + ((round * 2_654_435_761) % ((PAGE_BYTES - HEADER_BYTES) * 8));
      page[bit >> 3] = (page[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const found = soundAtOnce(page, scan);
      expect(found, `bit ${bit}`).toEqual(soundOneByOne(page));
      counts.add(found.length);
    }
    expect(Math.min(...counts)).toBeLessThan(5);
    expect(Math.max(...counts)).toBe(all);
  });

  it.each([0, 23, 8153, 0x8000_0000, 0xffff_ffff])(
    'finds nothing in a record that would be %i bytes long',
    (length) => {
      const page = filledPage();
      page.writeUInt32LE(length, HEADER_BYTES);
      expect(soundAtOnce(page)).toEqual([]);
    },
  );
});
