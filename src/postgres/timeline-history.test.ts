import { describe, expect, it } from 'vitest';

import { lsn } from './lsn.ts';
import { formatHistoryName, isOnLine, parseHistoryName, parseTimelineHistory, timelineAt } from './timeline-history.ts';

const TEXT = '1\t0/3000000\tbefore 2026-06-05 15:02:11+00\n\n\n# note\n2\t0/5000028\tat restore point "x"\n';

describe('a history file', () => {
  it('lists the ancestors, and skips blank lines and comments', () => {
    expect(parseTimelineHistory(3, TEXT)).toEqual({
      timeline: 3,
      ancestors: [
        { timeline: 1, switchLsn: 0x3000000n, reason: 'before 2026-06-05 15:02:11+00' },
        { timeline: 2, switchLsn: 0x5000028n, reason: 'at restore point "x"' },
      ],
    });
  });

  it.each(['1', '1\tnowhere\tx', 'x\t0/1\ty', '3\t0/1\titself', '2\t0/1\ta\n1\t0/2\tb'])(
    'that says %j is refused',
    (text) => {
      expect(() => parseTimelineHistory(3, text)).toThrow('00000003.history');
    },
  );

  it('is named by eight hexadecimal digits', () => {
    expect(formatHistoryName(26)).toBe('0000001A.history');
    expect(parseHistoryName('0000001A.history')).toBe(26);
    expect(parseHistoryName('1A.history')).toBeUndefined();
  });
});

describe('a line of history', () => {
  const line = parseTimelineHistory(3, TEXT);

  it.each([
    [0x2ffffffn, 1],
    [0x3000000n, 2],
    [0x5000027n, 2],
    [0x5000028n, 3],
  ])('holds the byte at %s on timeline %i', (position, timeline) => {
    expect(timelineAt(line, lsn(position))).toBe(timeline);
    expect(isOnLine(line, timeline, lsn(position))).toBe(true);
    expect(isOnLine(line, timeline + 1, lsn(position))).toBe(false);
  });
});
