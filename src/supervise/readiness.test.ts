import { describe, expect, it } from 'vitest';

import { fencedFrom, readiness, readinessBody, type Fenced, type MemberFacts, type Standing } from './readiness.ts';

const LEADER: MemberFacts = { state: 'running', role: 'leader', hasLock: true, timeline: 2, isPaused: false };
const REPLICA: MemberFacts = { state: 'running', role: 'replica', hasLock: false, timeline: 2, isPaused: false };

function standing(given: Partial<Standing>): Standing {
  return {
    stage: 'running',
    preparing: undefined,
    held: undefined,
    isPatroniRunning: true,
    patroniEndsInARow: 0,
    member: LEADER,
    acceptance: undefined,
    work: undefined,
    ...given,
  };
}

describe('a member that may be offered', () => {
  it('is the leader that holds the lock', () => {
    expect(readiness(standing({}))).toEqual({ isReady: true, role: 'leader' });
    expect(readiness(standing({ member: { ...LEADER, hasLock: false } }))).toMatchObject({
      isReady: false,
      phase: 'waiting for the lock',
    });
  });

  it('is a replica only once it was accepted', () => {
    expect(readiness(standing({ member: REPLICA }))).toMatchObject({ isReady: false, phase: 'not accepted' });
    const why = 'it is on timeline 1, the leader on 2';
    expect(readiness(standing({ member: REPLICA, acceptance: { accepted: false, why } }))).toEqual({
      isReady: false,
      phase: 'not accepted',
      why,
    });
    expect(readiness(standing({ member: REPLICA, acceptance: { accepted: true } }))).toEqual({
      isReady: true,
      role: 'replica',
    });
  });

  it.each([
    ['initializing new cluster', 'bootstrapping'],
    ['running custom bootstrap script', 'bootstrapping'],
    ['starting after custom bootstrap', 'bootstrapping'],
    ['creating replica', 'creating replica'],
    ['starting', 'starting PostgreSQL'],
    ['start failed', 'starting PostgreSQL'],
    ['crashed', 'starting PostgreSQL'],
    ['stopped', 'starting PostgreSQL'],
  ])('is none while Patroni says "%s", whatever it was before', (state, phase) => {
    for (const member of [LEADER, REPLICA]) {
      const acceptance = { accepted: true } as const;
      expect(readiness(standing({ member: { ...member, state }, acceptance }))).toMatchObject({
        isReady: false,
        phase,
      });
    }
  });

  it('is none while the container prepares, stops, or Patroni is held back or gone', () => {
    const phases = (['preparing', 'stopping'] as const).map((stage) => readiness(standing({ stage })));
    expect(phases).toMatchObject([
      { isReady: false, phase: 'preparing' },
      { isReady: false, phase: 'stopping' },
    ]);
    expect(readiness(standing({ held: 'recovery 1a2b' }))).toMatchObject({ isReady: false, phase: 'held' });
    expect(readiness(standing({ isPatroniRunning: false, patroniEndsInARow: 3 }))).toMatchObject({
      isReady: false,
      why: 'it has ended 3 times in a row',
    });
    expect(readiness(standing({ member: undefined }))).toMatchObject({ isReady: false, phase: 'starting Patroni' });
  });
});

describe('what is told of a member', () => {
  it('holds how far a restore is', () => {
    const work = {
      work: 'clone',
      phase: 'fetch',
      done: 50,
      total: 200,
      unit: 'bytes',
      note: undefined,
      startedAt: '2026-01-01T00:00:00.000Z',
    };
    const member: MemberFacts = {
      state: 'running custom bootstrap script',
      role: 'uninitialized',
      hasLock: false,
      timeline: undefined,
      isPaused: false,
    };
    expect(readinessBody(standing({ member, work }))).toMatchObject({
      ready: false,
      phase: 'bootstrapping',
      work: { work: 'clone', phase: 'fetch', percent: 25 },
    });
  });
});

describe('what Patroni is to keep from a member', () => {
  const of = (member: MemberFacts, acceptance?: Standing['acceptance'], before?: Fenced) =>
    fencedFrom({ member, acceptance }, before);

  it('are readers, but for the leader and a replica that was accepted', () => {
    expect(of(LEADER)).toBe('nothing');
    expect(of(REPLICA, { accepted: true })).toBe('nothing');
    expect(of(REPLICA, { accepted: false, why: 'behind' })).toBe('readers');
    expect(of(REPLICA)).toBe('readers');
    expect(of({ ...REPLICA, state: 'starting' })).toBeUndefined();
    expect(fencedFrom({ member: undefined, acceptance: undefined }, undefined)).toBeUndefined();
  });

  it('is the lead too, once it was found to have what the leader has not, until it is proven to follow', () => {
    const foreign = { accepted: false, why: 'it is of another history', mustNotLead: true } as const;
    expect(of(REPLICA, foreign, 'readers')).toBe('readersAndLead');
    expect(of(REPLICA, { accepted: false, why: 'nobody holds the lock' }, 'readersAndLead')).toBe('readersAndLead');
    expect(of(REPLICA, { accepted: true }, 'readersAndLead')).toBe('nothing');
    expect(of(LEADER, undefined, 'readersAndLead')).toBe('nothing');
  });
});
