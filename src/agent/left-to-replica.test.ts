import { describe, expect, it } from 'vitest';

import type { BackupReason } from './backup-due.ts';
import type { DutyEvent } from './duty-event.ts';
import { LeftToReplica } from './left-to-replica.ts';

const DUE: BackupReason = { kind: 'schedule', scheduledMs: 0 };
const LOOK = { reason: DUE, newestName: 'a', isBeingTaken: false, nowMs: 0 };

const backup = (name: string) => ({
  name,
  startedAt: new Date(5000),
  finishedAt: new Date(9000),
  compressedSizeBytes: 77n,
});

function scene() {
  const events: DutyEvent[] = [];
  const ended: boolean[] = [];
  const endSegment = async (withCheckpoint: boolean): Promise<void> => void ended.push(withCheckpoint);
  return { left: new LeftToReplica({ waitMs: 900_000, endSegment }, (event) => events.push(event)), events, ended };
}

describe('a backup that is left to replicas', () => {
  it('is the leader’s when none has begun it in time', async () => {
    const { left, events, ended } = scene();
    const at = (nowMs: number) => left.isLeft({ ...LOOK, nowMs });
    expect([await at(1000), await at(900_999), await at(901_000), await at(911_000)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(events.map(({ kind }) => kind)).toEqual(['backupLeft', 'noReplicaTook']);
    expect(ended).toEqual([true]);
  });

  it('is waited for while one takes it, however long, and helped with', async () => {
    const { left, ended, events } = scene();
    for (let minute = 0; minute < 60; minute += 1) {
      expect(await left.isLeft({ ...LOOK, isBeingTaken: minute > 0, nowMs: minute * 60_000 })).toBe(true);
    }
    expect(ended).toHaveLength(60);
    expect(ended.filter(Boolean)).toHaveLength(1);
    expect(left.isSettled(backup('a'), true)).toBe(false);
    expect([left.isSettled(backup('b'), false), left.isSettled(backup('b'), false)]).toEqual([true, false]);
    expect(events.at(-1)).toEqual({
      kind: 'backupOfReplica',
      name: 'b',
      storedBytes: 77,
      finishedMs: 9000,
      durationMs: 4000,
    });
  });

  it('is over when there is a newer one, and the next is left as long again', async () => {
    const { left } = scene();
    await left.isLeft(LOOK);
    expect(left.isSettled(backup('b'), true)).toBe(true);
    expect(await left.isLeft({ ...LOOK, newestName: 'b', nowMs: 899_000 })).toBe(true);
    expect(await left.isLeft({ ...LOOK, newestName: 'b', nowMs: 1_798_000 })).toBe(true);
  });

  it.each<BackupReason>([
    { kind: 'none', scheduled: undefined },
    { kind: 'lostWal', firstMissing: '000000010000000000000001' },
  ])('is none for which nothing may be lost meanwhile: $kind', async (reason) => {
    const { left, events } = scene();
    expect(await left.isLeft({ ...LOOK, reason })).toBe(false);
    expect(events).toEqual([]);
  });
});
