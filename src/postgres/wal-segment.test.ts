import { describe, expect, it } from 'vitest';

import { lsn } from './lsn.ts';
import {
  formatSegmentName,
  isSegmentName,
  nextSegment,
  parseSegmentName,
  segmentAt,
  segmentStart,
  walSegmentSize,
} from './wal-segment.ts';

const MIB = 1024 * 1024;

describe('a WAL segment', () => {
  it.each([
    [16, 0x1000000n, '000000010000000000000001'],
    [16, 0x1_0000_0000n, '000000010000000100000000'],
    [16, 0x2f_1a00_00d8n, '000000010000002F0000001A'],
    [1, 0xfff0_0000n, '000000010000000000000FFF'],
    [64, 0x1_0400_0000n, '000000010000000100000001'],
    [1024, 0xc000_0000n, '000000010000000000000003'],
    [1024, 0x1_0000_0000n, '000000010000000100000000'],
  ])('of %i MiB that holds %s is named %s', (sizeMib, position, name) => {
    const size = walSegmentSize(sizeMib * MIB);
    const segment = segmentAt(1, lsn(position), size);
    expect(formatSegmentName(segment, size)).toBe(name);
    expect(parseSegmentName(name, size)).toEqual(segment);
    expect(segmentStart(segment, size)).toBe(position - (position % BigInt(size)));
  });

  it('is followed by one whose low part starts again', () => {
    const size = walSegmentSize(16 * MIB);
    expect(formatSegmentName(nextSegment({ timeline: 2, index: 255n }), size)).toBe('000000020000000100000000');
  });

  it.each(['000000010000000000000100', '000000000000000000000001', '00000001000000000000000a', '00000001'])(
    'of 16 MiB is never named %s',
    (name) => {
      expect(parseSegmentName(name, walSegmentSize(16 * MIB))).toBeUndefined();
    },
  );

  it('has a name of 24 digits in upper case', () => {
    expect(isSegmentName('000000010000000000000100')).toBe(true);
    expect(isSegmentName('000000010000000000000100.partial')).toBe(false);
  });

  it.each([0, 3 * MIB, MIB / 2, 2048 * MIB, 1.5, Number.NaN])('does not have %d bytes', (sizeBytes) => {
    expect(() => walSegmentSize(sizeBytes)).toThrow('segment size');
  });
});
