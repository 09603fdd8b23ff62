import { describe, expect, it } from 'vitest';

import { lsn } from '../../postgres/lsn.ts';
import { walSegmentSize } from '../../postgres/wal-segment.ts';
import { checkIntegrity, highestTimeline, problemOfBackup, type IntegrityRequest } from './wal-integrity.ts';

const SIZE = walSegmentSize(16 * 1024 * 1024);
const at = (index: number, offset = 0) => lsn(BigInt(index) * BigInt(SIZE) + BigInt(offset));

/** Timeline 1 to segment 6, without `missing`; timeline 3 from segment 6, where it left timeline 1, to 8. */
function request(missing: readonly number[], given: Partial<IntegrityRequest> = {}): IntegrityRequest {
  const ranges = [1, 2, 3, 4, 5, 6]
    .filter((index) => !missing.includes(index))
    .map((index) => ({ firstIndex: BigInt(index), lastIndex: BigInt(index) }));
  return {
    wal: {
      segmentSizeBytes: SIZE,
      segments: new Map([
        [1, ranges],
        [3, [{ firstIndex: 6n, lastIndex: 8n }]],
      ]),
      historyTimelines: [3],
    },
    current: { timeline: 3, index: 8n },
    history: { timeline: 3, ancestors: [{ timeline: 1, switchLsn: at(6, 0xd30), reason: '' }] },
    startLsn: at(2, 40),
    maxDelayed: 0,
    maxUploading: 0,
    ...given,
  };
}

const rowsOf = (given: IntegrityRequest) =>
  checkIntegrity(given).rows.map((row) => [row.timeline, Number(row.firstIndex), Number(row.lastIndex), row.status]);

describe('the check of integrity', () => {
  it('goes from the segment before the current one back to the oldest backup, along the line', () => {
    expect(rowsOf(request([]))).toEqual([
      [1, 2, 5, 'FOUND'],
      [3, 6, 7, 'FOUND'],
    ]);
    expect(checkIntegrity(request([])).status).toBe('OK');
  });

  it('fails for a segment that is missing', () => {
    expect(rowsOf(request([4]))).toEqual([
      [1, 2, 3, 'FOUND'],
      [1, 4, 4, 'MISSING_LOST'],
      [1, 5, 5, 'FOUND'],
      [3, 6, 7, 'FOUND'],
    ]);
    expect(checkIntegrity(request([4])).status).toBe('FAILURE');
  });

  it('warns of one that may be under way', () => {
    const { status, rows } = checkIntegrity(request([4], { maxUploading: 16 }));
    expect(status).toBe('WARNING');
    expect(rows.some((row) => row.status === 'MISSING_UPLOADING')).toBe(true);
  });

  it('takes the newest segments for late as long as none of them is found', () => {
    const late = request([], { current: { timeline: 3, index: 11n }, maxDelayed: 5 });
    expect(rowsOf(late).at(-1)).toEqual([3, 9, 10, 'MISSING_DELAYED']);
  });

  it('without a backup fails only for what is missing behind the first segment found', () => {
    expect(checkIntegrity(request([2, 1], { startLsn: undefined })).status).toBe('WARNING');
    expect(checkIntegrity(request([4], { startLsn: undefined })).status).toBe('FAILURE');
  });
});

describe('a backup that the check may start from', () => {
  const { history } = request([]);
  const backup = (timeline: number, index: number) => ({
    name: 'base',
    timeline,
    metadata: { startLsn: at(index, 40), isPermanent: false },
  });

  it('is on the current line, before the line leaves its timeline', () => {
    expect(problemOfBackup(backup(1, 2), 3, history, SIZE)).toBeUndefined();
    expect(problemOfBackup(backup(3, 7), 3, history, SIZE)).toBeUndefined();
    expect(problemOfBackup(backup(2, 4), 3, history, SIZE)).toContain('not present');
    expect(problemOfBackup(backup(1, 7), 3, history, SIZE)).toContain('greater');
    expect(problemOfBackup(backup(3, 4), 3, history, SIZE)).toContain('less');
  });
});

describe('the highest timeline', () => {
  it('is told by segments and by history files', () => {
    const { wal } = request([]);
    expect(highestTimeline(wal)).toBe(3);
    expect(highestTimeline({ ...wal, historyTimelines: [3, 4] })).toBe(4);
    expect(highestTimeline({ ...wal, segments: new Map(), historyTimelines: [] })).toBe(0);
  });
});
