import { describe, expect, it } from 'vitest';

import {
  planFacts,
  PLANNED_US,
  plannedBackup,
  plannedMoment,
  REQUIRED,
  withChanges,
  type PlanChanges,
} from '../../tests/support/plan-facts.ts';
import { lsn } from '../postgres/lsn.ts';
import type { PlanFacts } from './facts.ts';
import { makePlan } from './plan.ts';
import { makeSteppedPlan, steppedTimeline } from './stepped-plan.ts';

const MIB = 1024n * 1024n;

describe('a plan', () => {
  it('holds what was found, as text that loses nothing', () => {
    const plan = makePlan(planFacts);
    expect(plan.target).toMatchObject({ timeline: 1, lsn: '0/5100000', inclusive: false, lastKept: { xid: 700 } });
    expect(plan.target.firstLost).toMatchObject({ xid: 701, timeUs: PLANNED_US.toString() });
    expect(plan.laterCommits).toBe(3);
    expect(plan.replay).toMatchObject({
      segments: 4,
      firstSegment: '000000010000000000000002',
      lastSegment: '000000010000000000000005',
      line: [{ timeline: 1, endLsn: '0/5100000' }],
      isBreakBehind: false,
    });
    expect(plan.backup.tablespaces).toEqual([{ oid: 16_400, location: '/fast' }]);
    expect(plan.configurationFiles).toEqual(['pg_hba.conf', 'postgresql.conf']);
    expect(plan.preconditions).toMatchObject({
      systemIdentifier: '7',
      liveState: 'running',
      backupName: plannedBackup.name,
    });
    expect(plan.warnings).toEqual([]);
    expect(plan.proven).toContain('a note');
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('draws the line of history, and tells of a break behind the target', () => {
    const plan = makePlan(
      withChanges({
        line: { timeline: 3, ancestors: [{ timeline: 1, switchLsn: lsn(0x480_0000n), reason: 'x' }] },
        found: { timeline: 3, archiveEnd: { ...plannedMoment.archiveEnd, because: 'hole' } },
      }),
    );
    expect(plan.replay.line).toEqual([
      { timeline: 1, endLsn: '0/4800000' },
      { timeline: 3, endLsn: '0/5100000' },
    ]);
    expect(plan.replay.firstSegment).toBe('000000010000000000000002');
    expect(plan.replay.lastSegment).toBe('000000030000000000000005');
    expect(plan.replay.isBreakBehind).toBe(true);
  });

  it('asks for the larger of what the control file and the WAL demand', () => {
    const announced = { ...REQUIRED, maxConnections: 50, maxPreparedTransactions: 20 };
    const plan = makePlan(withChanges({ found: { requiredSettings: announced } }));
    expect(plan.required).toEqual({ ...REQUIRED, maxPreparedTransactions: 20 });
  });

  it('names the backups that it does not begin from, and why', () => {
    const plan = makePlan({ ...planFacts, passedOver: ['base_A'], passedOverDeltas: ['base_B_D_A'] });
    expect(plan.proven.join('\n')).toMatch(/not from base_A: .*\nnot from base_B_D_A: .*delta/);
  });
});

describe('a plan is refused', () => {
  it.each<[string, PlanChanges, RegExp, RegExp]>([
    [
      'an archive of another system',
      { archive: { systemIdentifier: 8n } },
      /system 8, and this is system 7/,
      /Name the archive/,
    ],
    [
      'a backup of another major',
      { found: { backup: { ...plannedBackup, pgVersionNum: 160_004 } } },
      /PostgreSQL 16, .* 17/,
      /after the upgrade/,
    ],
    [
      'a place that cannot be swapped',
      { cluster: { problems: [{ message: 'it is a mount point', remedy: 'Move it.' }] } },
      /mount point/,
      /Move it/,
    ],
    ['too little room', { cluster: { freeBytes: 3200n * MIB } }, /are free/, /walkback release/],
    [
      'CREATE TABLESPACE on the way',
      {
        found: {
          tablespaceChanges: [
            {
              kind: 'tablespaceCreate',
              lsn: lsn(0x300_0000n),
              endLsn: lsn(0x300_0040n),
              timeline: 1,
              xid: 690,
              tablespaceOid: 1,
              path: '/fast',
            },
          ],
        },
      },
      /CREATE TABLESPACE at "\/fast"/,
      /--to-lsn 0\/3000000 --exclusive/,
    ],
    [
      'DROP TABLESPACE on the way',
      {
        found: {
          tablespaceChanges: [
            {
              kind: 'tablespaceDrop',
              lsn: lsn(0x300_0000n),
              endLsn: lsn(0x300_0040n),
              timeline: 1,
              xid: 690,
              tablespaceOid: 1,
            },
          ],
        },
      },
      /DROP TABLESPACE/,
      /another host/,
    ],
    [
      'WAL that only an extension can replay',
      { found: { customResourceManagers: [129] }, live: { preloadLibraries: 'orioledb' } },
      /resource manager 129/,
      /before the extension was used/,
    ],
  ])('for %s', (_, changes, message, remedy) => {
    expect(() => makePlan(withChanges(changes))).toThrow(
      expect.objectContaining({
        kind: 'refused',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      }),
    );
  });

  it('only for as much room as the backup and some WAL need', () => {
    const needed = 3000n * MIB + (0x510_0000n - 0x200_0028n) + 256n * MIB;
    expect(makePlan(withChanges({ cluster: { freeBytes: needed } })).space.neededBytes).toBe(needed.toString());
    expect(() => makePlan(withChanges({ cluster: { freeBytes: needed - 1n } }))).toThrow('are free');
  });
});

describe('a plan that is stepped on', () => {
  const plan = makePlan(planFacts);
  const later = (position: bigint, inclusive: boolean): PlanFacts =>
    withChanges({ found: { targetLsn: lsn(position), inclusive }, cluster: { freeBytes: 0n } });

  it('goes to a later target, also to behind the same record, and needs no room again', () => {
    expect(makeSteppedPlan(plan, later(0x600_0000n, false))).toMatchObject({
      id: '7f3a',
      target: { lsn: '0/6000000' },
      replay: { fromLsn: '0/2000028', segments: 5 },
      space: plan.space,
      preconditions: plan.preconditions,
    });
    expect(makeSteppedPlan(plan, later(0x510_0000n, true)).target.inclusive).toBe(true);
  });

  it.each([
    ['of its line, where that forks off behind the target', { timeline: 1, lineTimeline: 2 }, 2],
    ['of its timeline, where that is its line', { timeline: 2, lineTimeline: 2 }, 2],
    ['of its timeline, where it was made without its line', { timeline: 3 }, 3],
  ])('looks for a target in the history %s', (_, on, searched) => {
    const { lineTimeline: _line, ...target } = plan.target;
    expect(steppedTimeline({ ...target, ...on })).toBe(searched);
  });

  it.each([
    ['backward', later(0x500_0000n, false)],
    ['nowhere', later(0x510_0000n, false)],
    ['to another timeline', withChanges({ found: { targetLsn: lsn(0x600_0000n), timeline: 2 } })],
  ])('does not go %s', (_, given) => {
    expect(() => makeSteppedPlan(plan, given)).toThrow(expect.objectContaining({ kind: 'refused' }));
  });
});
