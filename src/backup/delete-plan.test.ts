import { describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { lsn } from '../postgres/lsn.ts';
import { walSegmentSize } from '../postgres/wal-segment.ts';
import type { Backup } from './backup.ts';
import { mayDeleteSegment, planDelete, type DeletePlan } from './delete-plan.ts';

const SEGMENT = walSegmentSize(16 * 1024 * 1024);

/** A backup that starts in segment `segment` of `timeline`, as the `day`th. */
function backup(timeline: number, segment: number, day: number, more: Partial<Backup> = {}): Backup {
  const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
  const start = BigInt(segment) * BigInt(SEGMENT);
  const at = new Date(Date.UTC(2026, 0, day));
  return {
    name: `base_${hex(timeline)}${hex(0)}${hex(segment)}`,
    timeline,
    startLsn: lsn(start + 40n),
    finishLsn: lsn(start + 300n),
    startedAt: at,
    finishedAt: new Date(at.getTime() + 1000),
    modifiedAt: at,
    pgVersionNum: 170_010,
    systemIdentifier: 7n,
    uncompressedSizeBytes: 1n,
    compressedSizeBytes: 1n,
    isPermanent: false,
    tablespaces: [],
    hostname: '',
    dataDirectory: '',
    ...more,
  };
}

const names = (plan: DeletePlan): string[] => plan.backups.map(({ name }) => name);

function kindOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isFailure(error) ? error.kind : String(error);
  }
  return 'nothing was thrown';
}

describe('deleting one backup', () => {
  const full = backup(1, 2, 1);
  const delta = backup(1, 4, 2, { deltaFrom: full.name });

  it('takes the deltas that build on it, and no WAL', () => {
    const plan = planDelete([full, delta], { kind: 'one', name: full.name }, SEGMENT);
    expect(names(plan)).toEqual([full.name, delta.name]);
    expect(plan.wal).toBeUndefined();
  });

  it.each([
    ['is kept', [backup(1, 2, 1, { isPermanent: true })]],
    ['has a kept delta on it', [full, { ...delta, isPermanent: true }]],
  ])('is refused when it %s', (_why, backups) => {
    expect(kindOf(() => planDelete(backups, { kind: 'one', name: full.name }, SEGMENT))).toBe('refused');
  });

  it('is refused when there is none of that name', () => {
    expect(kindOf(() => planDelete([full], { kind: 'one', name: 'base_0' }, SEGMENT))).toBe('notInArchive');
  });
});

describe('deleting all before a backup', () => {
  const old = backup(1, 2, 1);
  const kept = backup(1, 5, 2, { isPermanent: true });
  const limit = backup(1, 9, 3);
  const newer = backup(2, 12, 4);
  const plan = planDelete([old, kept, limit, newer], { kind: 'before', name: limit.name }, SEGMENT);

  it('takes the older ones that are not kept', () => {
    expect(names(plan)).toEqual([old.name]);
    expect(plan.kept.map(({ name }) => name)).toEqual([kept.name]);
  });

  it.each([
    ['000000010000000000000001', true],
    ['000000010000000000000003', true],
    ['000000010000000000000004', false],
    ['000000010000000000000005', false],
    ['000000010000000000000006', true],
    ['000000010000000000000007', true],
    ['000000010000000000000008', false],
    ['000000010000000000000009', false],
    ['000000020000000000000007', true],
    ['000000020000000000000009', false],
  ])('segment %s goes: %j', (segment, goes) => {
    expect(plan.wal !== undefined && mayDeleteSegment(segment, plan.wal)).toBe(goes);
  });

  it('keeps the WAL of a younger backup that starts before it, on the line of a recovery', () => {
    const recovered = backup(2, 4, 4);
    const after = planDelete([old, limit, recovered], { kind: 'before', name: limit.name }, SEGMENT);
    expect(names(after)).toEqual([old.name]);
    expect(after.wal?.firstKept).toBe('0000000000000003');
  });

  it('keeps what a staying delta builds on', () => {
    const delta = backup(1, 11, 5, { deltaFrom: old.name });
    const after = planDelete([old, limit, delta], { kind: 'before', name: limit.name }, SEGMENT);
    expect(names(after)).toEqual([]);
    expect(after.kept).toEqual([old]);
  });

  it('is refused when the archive holds two clusters', () => {
    const other = backup(1, 3, 5, { systemIdentifier: 8n });
    expect(kindOf(() => planDelete([old, limit, other], { kind: 'before', name: limit.name }, SEGMENT))).toBe(
      'refused',
    );
  });
});
