import { describe, expect, it } from 'vitest';

import { decidePrune } from '../../prune/decide-prune.ts';
import { NOTHING_IN_USE } from '../../prune/prune-facts.ts';
import type { PrunePlan } from '../../prune/prune-plan.ts';
import { DAY_MS, madeBackup, madeFacts, madeTimeline } from '../../prune/testing/made-archive.ts';
import { prunePlanJson, prunePlanText, prunedText } from './prune-text.ts';
import type { Screen } from './screen.ts';

const screen: Screen = {
  columns: 80,
  isTerminal: false,
  hasUnicode: true,
  zone: 'UTC',
  nowUs: () => BigInt(10 * DAY_MS) * 1000n,
  paint: (text) => text,
};

function plan(more: Partial<PrunePlan> = {}): PrunePlan {
  const backups = [2, 4, 6, 7, 8, 9].map((day) => madeBackup({ segment: day * 10, day }));
  const facts = madeFacts(10, { backups, timelines: [madeTimeline({ segments: [[0, 99]], day: 10 })] });
  const { kept, going, lines, promisedFromMs } = decidePrune(facts, { keepWindowMs: 5 * DAY_MS });
  return {
    id: '5d1f0c3be2a7',
    createdAt: new Date(facts.nowMs),
    address: '/srv/archive/shop-prod',
    policy: { keepWindowMs: 5 * DAY_MS },
    inUse: NOTHING_IN_USE,
    promisedFromMs,
    lines,
    kept,
    going: going.map((backup) => ({ backup, objects: 5, sizeBytes: 1024 ** 3 })),
    segments: [{ timeline: 1, firstName: '0'.repeat(24), lastName: '1'.repeat(24), segmentCount: 40n }],
    totals: { objects: 45, sizeBytes: 2 * 1024 ** 3 },
    leftovers: [],
    unfinished: [],
    hasNothingToRestore: false,
    afterDeletion: 'gone',
    frozen: undefined,
    ...more,
  };
}

describe('the plan of a prune', () => {
  it('says what stays and why, what goes, and under which id', () => {
    expect(prunePlanText(plan(), screen).split('\n')).toEqual([
      'archive /srv/archive/shop-prod',
      'times in UTC',
      'keeps every moment of the last 5 days: all since 1970-01-06 00:00:00.000 UTC, 5',
      'd ago',
      '',
      '  stays   base_000000010000000000000028  Jan 5 00:00:00  what is kept begins with it',
      '  stay    4 backups more, within what is kept',
      '  goes    base_000000010000000000000014  Jan 3 00:00:00  1.0 GB',
      `  goes    WAL ${'0'.repeat(24)} to ${'1'.repeat(24)}, 40 segments`,
      'Plan 5d1f0c3be2a7: 45 objects, 2.0 GB go.',
      '',
    ]);
  });

  it('says what stays because something is missing, and what to push', () => {
    const backups = [
      madeBackup({ segment: 10, day: 1 }),
      madeBackup({ timeline: 2, segment: 30, segments: 3, day: 2 }),
    ];
    const facts = madeFacts(10, {
      backups: [...backups, madeBackup({ timeline: 2, segment: 80, day: 8 })],
      timelines: [
        madeTimeline({ segments: [[0, 20]], day: 1 }),
        madeTimeline({
          timeline: 2,
          segments: [
            [20, 30],
            [32, 99],
          ],
          day: 10,
        }),
      ],
    });
    const { kept, lines } = decidePrune(facts, { keepWindowMs: 5 * DAY_MS });
    const text = prunePlanText(plan({ kept, lines }), screen);
    expect(text).toContain('Jan 2 00:00:00  00000002.history is missing\n');
    expect(text).toContain('Jan 3 00:00:00  lacks WAL, and nothing older can be restored\n');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('Push 00000002.history from pg_wal of a server on that timeline.');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('base_00000002000000000000001E stays with all WAL behind it');
    expect(prunePlanJson(plan({ kept, lines })).stays).toMatchObject([
      { because: 'unknownLine', of: '00000002.history' },
      { because: 'mendable', of: null },
      { because: 'promised', of: null },
    ]);
  });

  it('says what the store makes of deleted objects, and that nothing goes from a frozen archive', () => {
    expect(prunePlanText(plan({ afterDeletion: 'versions' }), screen)).toMatch(/noncurrent\s+versions/);
    expect(prunePlanText(plan({ afterDeletion: 'locked' }), screen)).toMatch(/stays\s+until\s+its\s+lock\s+ends/);
    const frozen = { by: 'anna@db1', at: '2026-06-05T15:02:11Z', reason: 'lost orders', restorePoint: undefined };
    const text = prunePlanText(plan({ frozen, totals: { objects: 0, sizeBytes: 0 } }), screen);
    expect(text).toContain('The archive is frozen since 2026-06-05T15:02:11Z by anna@db1: lost orders.');
    expect(text).toContain('\nNothing goes.\n');
  });

  it.each([
    ['s3://backups/shop', 's3:GetBucketVersioning'],
    ['gs://backups/shop', 'storage.buckets.get'],
    ['azure://backups/shop', 'the Blob service'],
  ])('names the right by which %s would tell what becomes of deleted objects', (address, right) => {
    const text = prunePlanText(plan({ address, afterDeletion: 'unknown' }), screen).replaceAll(/\s+/g, ' ');
    expect(text).toContain(right);
    const others = ['s3:', 'storage.buckets.get', 'Blob service'].filter((one) => !right.includes(one));
    for (const other of others) expect(text.replace(address, '')).not.toContain(other);
  });

  it('has all of it for machines', () => {
    expect(prunePlanJson(plan())).toMatchObject({
      plan: '5d1f0c3be2a7',
      keepWindowSeconds: 432_000,
      keepFull: null,
      stays: [{ because: 'begin' }, {}, {}, {}, {}],
      goes: [{ name: 'base_000000010000000000000014', objects: 5 }],
      wal: [{ segments: 40 }],
    });
  });
});

describe('the end of a prune', () => {
  const report = { backups: ['base_1'], segmentCount: 40, leftovers: [], objects: 45, sizeBytes: 1024 ** 3 };
  const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

  it('says what went, and nothing of a store where what is deleted is gone', () => {
    expect(prunedText(report, plan(), screen)).toBe('Pruned 1 backup and 40 segments: 45 objects, 1.0 GB.\n');
  });

  it('says what of it stays in the bucket all the same, for those who did not look at the plan', () => {
    const kept = oneLine(prunedText(report, plan({ afterDeletion: 'versions' }), screen));
    expect(kept).toContain('45 objects, 1.0 GB. The bucket keeps versions of what went: its lifecycle rule');
    const locked = oneLine(prunedText(report, plan({ afterDeletion: 'locked' }), screen));
    expect(locked).toContain('The bucket locks versions: what went is not listed any more, and stays until its lock');
  });

  it('says no word of versions where nothing but a leftover went', () => {
    const nothing = { ...report, backups: [], segmentCount: 0, objects: 0, sizeBytes: 0, leftovers: ['base_2'] };
    expect(prunedText(nothing, plan({ afterDeletion: 'locked' }), screen)).not.toContain('locks');
  });
});
