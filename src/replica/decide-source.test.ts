import { describe, expect, it } from 'vitest';

import type { Backup } from '../backup/backup.ts';
import { rangesByTimeline, type ArchivedWal } from '../history/archived-wal.ts';
import { lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import { decideSource, type LineToFollow, type SourceFacts } from './decide-source.ts';

const MIB = 1024 * 1024;
const SIZE = walSegmentSize(MIB);
const SYSTEM = 7_000_000_000_000_000_001n;

const at = (segments: number) => lsn(BigInt(Math.round(segments * MIB)));

/** A backup of timeline `timeline`, from a segment on. */
function backup(timeline: number, segments: number, more: Partial<Backup> = {}): Backup {
  return {
    name: `base_${formatSegmentName({ timeline, index: BigInt(Math.floor(segments)) }, SIZE)}`,
    timeline,
    startLsn: at(segments),
    finishLsn: at(segments + 0.1),
    startedAt: new Date(0),
    finishedAt: new Date(0),
    modifiedAt: new Date(segments * 1000),
    pgVersionNum: 160_004,
    systemIdentifier: SYSTEM,
    uncompressedSizeBytes: BigInt(100 * MIB),
    compressedSizeBytes: BigInt(50 * MIB),
    isPermanent: false,
    tablespaces: [],
    hostname: 'db1',
    dataDirectory: '/data',
    ...more,
  };
}

/** An archive with segments `first` to `last` of each timeline. */
function archive(
  parts: Readonly<Record<number, readonly [number, number]>>,
  without: readonly string[] = [],
): ArchivedWal {
  const names = Object.entries(parts).flatMap(([timeline, [first, last]]) =>
    Array.from({ length: last - first + 1 }, (_, count) =>
      formatSegmentName({ timeline: Number(timeline), index: BigInt(first + count) }, SIZE),
    ),
  );
  const held = new Set(names.filter((name) => !without.includes(name)));
  return {
    systemIdentifier: SYSTEM,
    majorVersion: 16,
    segmentSizeBytes: SIZE,
    segments: rangesByTimeline(held, SIZE),
    historyTimelines: Object.keys(parts)
      .map(Number)
      .filter((timeline) => timeline > 1),
    objectBytes: new Map(),
  };
}

const LINE_1: TimelineHistory = { timeline: 1, ancestors: [] };
/** Recovered to segment 20.5: what timeline 1 has behind it is abandoned. */
const LINE_2: TimelineHistory = { timeline: 2, ancestors: [{ timeline: 1, switchLsn: at(20.5), reason: 'before …' }] };

function facts(given: Partial<SourceFacts> & { line?: TimelineHistory; leaderAt?: number }): SourceFacts {
  const { line = LINE_1, leaderAt = 30, ...rest } = given;
  const follow: LineToFollow = { systemIdentifier: SYSTEM, majorVersion: 16, line, lsn: at(leaderAt) };
  return {
    follow,
    backups: [backup(1, 10)],
    wal: archive({ 1: [5, 29] }),
    clusterBytes: BigInt(100 * MIB),
    thresholds: { megabytes: 1024, percentage: 30 },
    ...rest,
  };
}

const because = (given: Parameters<typeof facts>[0]) => {
  const found = decideSource(facts(given));
  return found.kind === 'leader' ? found.because : `archive: ${found.backup.name}`;
};

describe('a replica from the archive', () => {
  it('begins with the newest backup of the line, when that is cheaper', () => {
    const newest = backup(1, 12);
    expect(decideSource(facts({ backups: [backup(1, 10), newest] }))).toEqual({
      kind: 'archive',
      backup: newest,
      walBytes: BigInt(18 * MIB),
      clusterBytes: BigInt(100 * MIB),
    });
  });

  it('is not made where copying from the leader is cheaper', () => {
    expect(because({ thresholds: { megabytes: 19, percentage: 100 } })).toMatch(/20 MiB of WAL, more than 19 MB/);
    expect(because({ thresholds: { megabytes: 20, percentage: 19 } })).toMatch(/20 MiB .* more than 19 %/);
    expect(because({ thresholds: { megabytes: 20, percentage: 20 } })).toMatch(/^archive/);
    expect(because({ clusterBytes: BigInt(10 * MIB) })).toMatch(/more than 30 % of the cluster's 10 MiB/);
  });

  it('is not made of another system, another major, or of nothing', () => {
    expect(because({ backups: [] })).toMatch(/no backup/);
    expect(because({ backups: [backup(1, 10, { systemIdentifier: SYSTEM + 1n })] })).toMatch(/of the system/);
    expect(because({ backups: [backup(1, 10, { pgVersionNum: 150_002 })] })).toMatch(/PostgreSQL 16/);
    const { systemIdentifier: _, ...unknown } = backup(1, 10);
    expect(because({ backups: [unknown] })).toMatch(/of the system/);
    expect(because({ wal: undefined })).toMatch(/no WAL/);
  });

  it('is not made of tablespaces that lie elsewhere', () => {
    expect(because({ backups: [backup(1, 10, { tablespaces: [{ oid: 16_400, location: '/fast' }] })] })).toMatch(
      /tablespaces/,
    );
  });

  it('is not made of a backup that the leader has not reached: a negative difference is no small one', () => {
    expect(because({ backups: [backup(1, 40)], wal: archive({ 1: [5, 45] }) })).toMatch(
      /none of its 1 backups lies on/,
    );
  });
});

describe('a replica after a recovery', () => {
  const after = { line: LINE_2, leaderAt: 24 };
  const both = archive({ 1: [5, 29], 2: [20, 23] });

  it('is never made of a backup behind the fork, however new', () => {
    expect(because({ ...after, backups: [backup(1, 22)], wal: both })).toMatch(
      /lies on the line .* timeline 2 .*is of timeline 1/,
    );
    expect(because({ ...after, backups: [backup(1, 10), backup(1, 22)], wal: both })).toBe(
      `archive: ${backup(1, 10).name}`,
    );
    expect(because({ ...after, backups: [backup(1, 20.45)], wal: both })).toMatch(/none/);
  });

  it('is made of a backup of the new line', () => {
    expect(because({ ...after, backups: [backup(1, 22), backup(2, 21)], wal: both })).toBe(
      `archive: ${backup(2, 21).name}`,
    );
  });

  it('is not made of one before the fork while the new line is not archived there: replay would miss the turn', () => {
    const early = { ...after, leaderAt: 20.9, backups: [backup(1, 10)] };
    expect(because({ ...early, wal: archive({ 1: [5, 29] }) })).toMatch(
      /000000020000000000000014, where timeline 1 was left .* abandoned/,
    );
    const withHistory = { ...archive({ 1: [5, 29] }), historyTimelines: [2] };
    expect(because({ ...early, wal: withHistory })).toMatch(/abandoned/);
    const withoutHistory = { ...both, historyTimelines: [] };
    expect(because({ ...after, backups: [backup(1, 10)], wal: withoutHistory })).toMatch(/00000002.history/);
  });
});

describe('the WAL of the archive', () => {
  it('must be there from the backup on, without a hole', () => {
    const hole = formatSegmentName({ timeline: 1, index: 15n }, SIZE);
    expect(because({ wal: archive({ 1: [5, 29] }, [hole]) })).toMatch(`${hole} and 0 more are missing`);
    expect(because({ wal: archive({ 1: [12, 29] }) })).toMatch(/where base_\w+ begins, is not in the archive/);
    const early = formatSegmentName({ timeline: 1, index: 8n }, SIZE);
    expect(because({ wal: archive({ 1: [5, 29] }, [early]) })).toMatch(/^archive/);
  });

  it('may end before the leader: what is not archived the leader still has', () => {
    expect(because({ wal: archive({ 1: [5, 11] }) })).toMatch(/^archive/);
  });
});

describe('without a leader', () => {
  it('no amount of WAL is too much: there is nobody to copy from', () => {
    const base = facts({ thresholds: { megabytes: 0, percentage: 0 } });
    expect(decideSource({ ...base, follow: { ...base.follow, lsn: undefined } })).toMatchObject({ kind: 'archive' });
  });
});
