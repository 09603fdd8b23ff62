import { describe, expect, it } from 'vitest';

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { seedCluster } from '../kubernetes/find/testing/made-objects.ts';
import { lsn } from '../postgres/lsn.ts';
import { archiveProblems } from './archive-problems.ts';
import type { ArchiveWindows } from './read-archive-windows.ts';

const NOW_MS = Date.parse('2026-06-05T15:00:00Z');
const HOUR_MS = 3_600_000;
const LIMITS = { nowUs: BigInt(NOW_MS) * 1000n, backupDueMs: 26 * HOUR_MS };

function backup(ageMs: number): Backup {
  const at = new Date(NOW_MS - ageMs);
  return {
    name: 'base_00000001000000000000000A',
    timeline: 1,
    startLsn: lsn(0n),
    finishLsn: lsn(1n),
    startedAt: at,
    finishedAt: at,
    modifiedAt: at,
    pgVersionNum: 170_000,
    uncompressedSizeBytes: 1n,
    compressedSizeBytes: 1n,
    isPermanent: false,
    tablespaces: [],
    hostname: 'db',
    dataDirectory: '/data',
  };
}

function windows(given: Partial<ArchiveWindows>): ArchiveWindows {
  return {
    clusterName: 'shop',
    address: 'gs://shop-wal/shop/cas-metabase-patroni',
    systemIdentifier: 7362115390412345678n,
    backups: [backup(HOUR_MS)],
    broken: [],
    timelines: [],
    unknownTimelines: [],
    waitingSegments: undefined,
    ...given,
  };
}

function said(archive: ArchiveWindows | Failure): string[] {
  return archiveProblems(seedCluster(), archive, LIMITS).map(({ level, topic, text }) => `${level} ${topic}: ${text}`);
}

describe('an archive', () => {
  it('of this cluster, with a backup of today, is all right', () => {
    expect(said(windows({}))).toEqual([]);
  });

  it('without a backup, or with an old one, says so', () => {
    expect(said(windows({ backups: [] }))).toEqual(['act backups: there is no backup: nothing can be recovered']);
    expect(said(windows({ backups: [backup(30 * HOUR_MS)] }))).toEqual([
      'look backups: the last backup is 30 hours old',
    ]);
    expect(said(windows({ backups: [backup(100 * HOUR_MS)] }))).toEqual([
      'look backups: the last backup is 4 days old',
    ]);
  });

  it('of another cluster is told by its system identifier', () => {
    expect(said(windows({ systemIdentifier: 1n }))[0]).toMatch(
      /^act archive: .* holds the WAL of another cluster: system 1, and this one is 7362115390412345678/,
    );
  });

  it('whose address says nothing of the cluster may be shared', () => {
    expect(said(windows({ address: 'gs://wal-bucket/wal' }))[0]).toMatch(/names neither the cluster nor its namespace/);
  });

  it('that cannot be read says why, and where it can be', () => {
    const failure = new Failure('unavailable', {
      message: 'cannot list: getaddrinfo ENOTFOUND minio.shop.svc',
      remedy: 'Wait.',
    });
    const [problem] = archiveProblems(seedCluster(), failure, LIMITS);
    expect(problem?.level).toBe('act');
    expect(problem?.remedy).toMatch(/Run walkback in a pod/);
  });
});
