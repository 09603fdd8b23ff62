import { describe, expect, it } from 'vitest';

import { walSegmentSize } from '../postgres/wal-segment.ts';
import { segmentsOfWalObject } from './going-wal.ts';

const SIZE = walSegmentSize(16 * 1024 * 1024);
const of = (objectName: string) => segmentsOfWalObject(`wal_005/${objectName}`, SIZE);
const segment = (first: bigint, last = first) => ({ timeline: 2, firstIndex: first, lastIndex: last });

describe('an object of the WAL folder', () => {
  it.each(['.zst', '.lz4', '', '.partial.zst', '.00000028.backup.lz4', '.json'])(
    'of one segment, %j, goes with it',
    (end) => {
      expect(of(`0000000200000001000000A0${end}`)).toEqual(segment(0x1a0n));
    },
  );

  it('of sixteen segments goes with the last of them', () => {
    expect(of('0000000200000001000000A0_delta.zst')).toEqual(segment(0x1a0n, 0x1afn));
    expect(of('0000000200000001000000A.json')).toEqual(segment(0x1a0n, 0x1afn));
  });

  it.each(['00000002.history.zst', 'readme.txt', '0000000200000001000001A0.zst', '000000020000000100000A0.zst'])(
    'that is of no segment, %j, never goes',
    (name) => expect(of(name)).toBeUndefined(),
  );
});
