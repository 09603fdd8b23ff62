import { describe, expect, it } from 'vitest';

import type { BackupPoint } from '../history/found-moment.ts';
import { timelinesOf } from '../history/timelines.ts';
import type { TimelineWindows } from '../history/window.ts';
import { lsn } from '../postgres/lsn.ts';
import type { TransactionEnd } from '../postgres/recovery-target.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { chooseLine } from './choose-line.ts';

const hour = (text: string): bigint => BigInt(Date.parse(`2026-06-05T${text}:00Z`)) * 1000n;

const commit = (timeline: number, at: string, position: bigint): TransactionEnd => ({
  kind: 'commit',
  xid: Number(position),
  timeUs: hour(at),
  lsn: lsn(position),
  endLsn: lsn(position + 8n),
  timeline,
});

function windowsOf(timeline: number, from: [string, bigint], to: [string, bigint]): TimelineWindows<BackupPoint> {
  const backup: BackupPoint = {
    name: 'base_000000010000000000000001',
    timeline: 1,
    startLsn: lsn(1n),
    finishLsn: lsn(2n),
    startedAt: new Date(0),
    finishedAt: new Date(0),
  };
  const window = {
    backup,
    fromLsn: lsn(from[1]),
    firstCommit: commit(timeline, ...from),
    toLsn: lsn(to[1] + 8n),
    lastCommit: commit(timeline, ...to),
    because: 'endOfArchive' as const,
  };
  return { timeline, fork: undefined, backups: [backup], windows: [window], holes: [] };
}

const line = (timeline: number, ...ancestors: [number, bigint][]): TimelineHistory => ({
  timeline,
  ancestors: ancestors.map(([parent, switchLsn]) => ({ timeline: parent, switchLsn: lsn(switchLsn), reason: '' })),
});

/** Timeline 1 from 08:00 to 12:00; at 13:00 a recovery to 10:00 (position 200), from where timeline 2 goes on at 14:00. */
const timelines = timelinesOf(
  new Map([
    [1, line(1)],
    [2, line(2, [1, 200n])],
  ]),
  [1, 2],
);
const windows = [windowsOf(2, ['14:00', 210n], ['16:00', 400n]), windowsOf(1, ['08:00', 100n], ['12:00', 300n])];
const at = (time: string) => ({ kind: 'time', timeUs: hour(time), inclusive: true }) as const;

describe('the line of history of a clone', () => {
  it('is the one in whose commits the time falls, also behind the fork of a newer one', () => {
    expect(chooseLine(at('11:00'), timelines, windows)).toMatchObject({ timeline: 1 });
    expect(chooseLine(at('15:00'), timelines, windows)).toMatchObject({ timeline: 2 });
  });

  it('is asked for where one line had ended and the other had not begun', () => {
    expect(() => chooseLine(at('13:00'), timelines, windows)).toThrow(
      expect.objectContaining({ kind: 'refused', remedy: expect.stringContaining('CLONE_TARGET_TIMELINE') }),
    );
  });

  it('is the newest after a failover that gave nothing up, whenever between the two', () => {
    const after = [windowsOf(2, ['14:00', 310n], ['16:00', 400n]), windowsOf(1, ['08:00', 100n], ['12:00', 300n])];
    const failover = timelinesOf(
      new Map([
        [1, line(1)],
        [2, line(2, [1, 308n])],
      ]),
      [1, 2],
    );
    expect(chooseLine(at('13:00'), failover, after)).toMatchObject({ timeline: 2 });
  });

  it('is the newest for a time behind everything, for the end of the archive, and for a position', () => {
    expect(chooseLine(at('18:00'), timelines, windows)).toMatchObject({ timeline: 2 });
    expect(chooseLine({ kind: 'latest' }, timelines, [])).toMatchObject({ timeline: 2 });
  });

  it('is asked for where two timelines have commits of that time', () => {
    const both = [windowsOf(2, ['11:00', 210n], ['16:00', 400n]), windowsOf(1, ['08:00', 100n], ['12:00', 300n])];
    expect(() => chooseLine(at('11:30'), timelines, both)).toThrow(/more than one timeline/);
  });
});
