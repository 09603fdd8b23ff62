import { describe, expect, it } from 'vitest';

import { parseBackupHistoryName, parseBackupLabel } from './backup-label.ts';

const LABEL = `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
CHECKPOINT LOCATION: 0/2000060
BACKUP METHOD: streamed
BACKUP FROM: primary
START TIME: 2026-06-05 15:02:11 UTC
LABEL: nightly: Tuesday
START TIMELINE: 1
`;

const HISTORY = LABEL.replace(
  'CHECKPOINT',
  'STOP WAL LOCATION: 0/2000138 (file 000000010000000000000002)\nCHECKPOINT',
).concat('STOP TIME: 2026-06-05 15:02:12 UTC\nSTOP TIMELINE: 1\n');

describe('a backup label', () => {
  it('tells where replay begins, and keeps colons of the label', () => {
    expect(parseBackupLabel(LABEL)).toEqual({
      startLsn: 0x2000028n,
      startSegmentName: '000000010000000000000002',
      checkpointLsn: 0x2000060n,
      method: 'streamed',
      from: 'primary',
      startTime: '2026-06-05 15:02:11 UTC',
      label: 'nightly: Tuesday',
      startTimeline: 1,
    });
  });

  it('of a backup history file also tells where the backup stopped', () => {
    expect(parseBackupLabel(HISTORY)).toMatchObject({ stopLsn: 0x2000138n, stopTimeline: 1 });
  });

  it('tells an incremental backup of 17', () => {
    expect(parseBackupLabel(`${LABEL}INCREMENTAL FROM LSN: 0/1000028\n`).incrementalFromLsn).toBe(0x1000028n);
  });

  it('does not let a label text pass for another line', () => {
    const forged = LABEL.replace('nightly: Tuesday', 'x\nSTART TIMELINE: 9').replace(/^START TIMELINE: 1\n/m, '');
    expect(
      parseBackupLabel(LABEL.replace('LABEL: nightly: Tuesday', 'LABEL: x\nCHECKPOINT LOCATION: 0/1')),
    ).toMatchObject({
      checkpointLsn: 0x2000060n,
    });
    expect(parseBackupLabel(forged).label).toBe('x');
  });

  it.each([
    ['', 'START WAL LOCATION:'],
    [LABEL.replace('0/2000060', 'nowhere'), 'CHECKPOINT LOCATION is "nowhere"'],
    [LABEL.replace('START TIMELINE: 1', 'START TIMELINE: 0'), 'TIMELINE is "0"'],
  ])('is refused when a line is missing or unreadable (%#)', (text, found) => {
    expect(() => parseBackupLabel(text)).toThrow(found);
  });
});

describe('the name of a backup history file', () => {
  it('holds the start segment and the offset in it', () => {
    expect(parseBackupHistoryName('000000010000000000000002.00000028.backup')).toEqual({
      segmentName: '000000010000000000000002',
      offsetBytes: 0x28,
    });
  });

  it.each(['000000010000000000000002', '000000010000000000000002.28.backup', 'x.00000028.backup', ''])(
    'is not %j',
    (name) => {
      expect(parseBackupHistoryName(name)).toBeUndefined();
    },
  );
});
