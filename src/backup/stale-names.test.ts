import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { walSegmentSize } from '../postgres/wal-segment.ts';
import { staleNames } from './stale-names.ts';

const SIZE = walSegmentSize(16 * 1024 * 1024);
const at = (timeline: number, segment: bigint) => ({
  key: `${timeline}/${segment}`,
  timeline,
  lsn: lsn(segment * BigInt(SIZE) + 8n),
  sizeBytes: 1,
});

describe('snapshots of names whose WAL is deleted', () => {
  const places = [at(1, 1n), at(1, 2n), at(1, 3n), at(1, 9n), at(2, 4n), at(2, 12n)];

  it('go, but for the last one of each timeline below what is kept', () => {
    const wal = { firstKept: '0000000000000008', keptSpans: [] };
    expect(staleNames(places, wal, SIZE).map(({ key }) => key)).toEqual(['1/1', '1/2']);
  });

  it('stay where a backup that is kept needs the WAL', () => {
    const span = { first: '0000000000000001', last: '0000000000000002' };
    const wal = { firstKept: '0000000000000008', keptSpans: [span] };
    expect(staleNames(places, wal, SIZE)).toEqual([]);
  });
});
