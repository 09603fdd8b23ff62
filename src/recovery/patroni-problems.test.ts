import { describe, expect, it } from 'vitest';

import { wellSurvey } from '../../tests/support/survey.ts';
import type { PatroniSurvey } from '../cluster/patroni-control.ts';
import { checkMayCutOver, cutoverProblem, planProblem } from './patroni-problems.ts';

function withSources(version: string): PatroniSurvey {
  const [leader, replica] = wellSurvey.members;
  if (leader === undefined || replica === undefined) throw new Error('two members');
  const sources = ['two', 'three'].map((name) => ({ ...replica, name, tags: ['clonefrom'] }));
  return { ...wellSurvey, version, members: [leader, ...sources] };
}

describe('a cutover of a member', () => {
  it('is possible when it leads, and when nobody does', () => {
    expect(cutoverProblem(wellSurvey)).toBeUndefined();
    expect(cutoverProblem({ ...wellSurvey, leader: null })).toBeUndefined();
  });

  it.each<[string, Partial<PatroniSurvey>, RegExp, RegExp]>([
    ['another member leads', { leader: 'two' }, /two \(10\.0\.0\.2:5432\) is the leader/, /on the host of two/],
    ['it follows another cluster', { isStandbyCluster: true }, /standby cluster/, /edit-config/],
    [
      'a switchover is scheduled',
      { switchover: { candidate: 'two', scheduledAt: '2026-06-05T15:00:00+00:00' } },
      /a switchover to two is scheduled for 2026-06-05T15:00:00\+00:00/,
      /patronictl flush shop switchover/,
    ],
    [
      'a switchover is under way',
      { switchover: { candidate: null, scheduledAt: null } },
      /is under way/,
      /come to its end/,
    ],
  ])('is refused while %s', (_, change, message, remedy) => {
    const problem = cutoverProblem({ ...wellSurvey, ...change });
    expect(problem?.message).toMatch(message);
    expect(problem?.remedy).toMatch(remedy);
  });

  it('is refused where replicas would be copied from each other, which Patroni 4.1 need not do', () => {
    expect(cutoverProblem(withSources('4.0.11'))?.message).toMatch(/two and three have the tag clonefrom/);
    expect(cutoverProblem(withSources('4.1.0'))).toBeUndefined();
  });
});

describe('an exchange of data', () => {
  it('is refused with what is in the way, and what to do', () => {
    expect(() => checkMayCutOver(wellSurvey)).not.toThrow();
    expect(() => checkMayCutOver({ ...wellSurvey, leader: 'two' })).toThrow(
      expect.objectContaining({
        kind: 'refused',
        message: 'cannot exchange the data of one now: two (10.0.0.2:5432) is the leader, and this is one',
      }),
    );
  });
});

describe('a plan', () => {
  it('is refused for a standby cluster alone: anywhere else there is something to rehearse', () => {
    expect(planProblem({ ...wellSurvey, isStandbyCluster: true })?.message).toMatch(/standby cluster/);
    expect(planProblem({ ...wellSurvey, leader: 'two' })).toBeUndefined();
  });
});
