import { describe, expect, it } from 'vitest';

import { benchFigure, type MeasuredWork } from './figure.ts';

const PROGRAMS = [
  'pgBackRest zstd',
  'pgBackRest lz4',
  'wal-g lz4 --verify',
  'wal-g lz4',
  'pg_basebackup, client zstd-1',
];
const work = (name: string, programs: readonly string[]): MeasuredWork => ({
  work: name,
  others: programs.map((program, at) => ({ program, ratio: 2.5 - at / 4 })),
});

describe('the figure of the benchmarks', () => {
  it('says first what is missing, then the fastest of each program', () => {
    expect(benchFigure([work('Push', ['wal-g lz4', 'wal-g daemon lz4']), work('Delta backup', [])], ['Fetch'])).toBe(
      'missing: Fetch; times beside ours: Push: wal-g 2.50, wal-g daemon 2.25',
    );
    expect(benchFigure([work('Full backup', PROGRAMS)], [])).toBe(
      'nothing is missing; times beside ours: Full backup: pgBackRest 2.25, wal-g 1.75, pg_basebackup 1.50',
    );
  });

  it('of a whole run fits into a row of docs/proofs.md', () => {
    const backups = [...PROGRAMS, 'tar, zstd -1 -T2', 'cp -r'];
    const wal = ['cp', 'pgBackRest async zstd', 'pgBackRest async lz4', 'wal-g lz4', 'wal-g daemon lz4'];
    const deltas = PROGRAMS.slice(0, 4);
    const works = [
      work('Full backup', backups),
      work('Restore to disk', backups),
      work('Push', wal),
      work('Fetch', wal),
    ];
    const all = [...works, work('Delta backup', deltas), work('Restore of the delta', deltas)];
    expect(benchFigure(all, []).length).toBeLessThanOrEqual(400);
  });
});
