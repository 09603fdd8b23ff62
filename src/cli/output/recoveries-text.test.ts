import { describe, expect, it } from 'vitest';

import { planFacts } from '../../../tests/support/plan-facts.ts';
import { screen } from '../../../tests/support/protected-cluster.ts';
import { makePlan } from '../../recovery/plan.ts';
import type { RecoveryState } from '../../recovery/states.ts';
import type { RecoveryStatus } from '../../recovery/status.ts';
import { listedRecoveries, recoveriesText } from './recoveries-text.ts';

const plan = makePlan(planFacts);

const recovery = (id: string, state: RecoveryState, places: RecoveryStatus['places'] = []): RecoveryStatus => ({
  id,
  plan,
  state,
  openStep: undefined,
  places,
  isRehearsalRunning: false,
  entries: [],
});

const found = [
  recovery('aaaa', 'planned'),
  recovery('bbbb', 'discarded'),
  recovery('cccc', 'recovered', ['kept']),
  recovery('dddd', 'released'),
  recovery('eeee', 'discarded', ['rehearsal']),
];

const linesOf = (recoveries: readonly RecoveryStatus[], all: boolean) =>
  recoveriesText(listedRecoveries(recoveries, all), screen).split('\n');

describe('the list of recoveries', () => {
  it('leaves out those that are over, and says how to see them', () => {
    expect(linesOf(found, false)).toEqual([
      'times in America/Vancouver (UTC-7)',
      'aaaa  today 08:02:11  planned, nothing changed',
      `      to ${plan.target.asked}`,
      'cccc  today 08:02:11  recovered, data from before is kept',
      `      to ${plan.target.asked}`,
      'eeee  today 08:02:11  thrown away',
      `      to ${plan.target.asked}`,
      'Not shown: 2 thrown away or released:',
      '    walkback recover status --all',
      '',
    ]);
  });

  it('holds them all with --all', () => {
    expect(listedRecoveries(found, true)).toEqual({ shown: found, hiddenCount: 0 });
    expect(linesOf(found, true)).toContain('dddd  today 08:02:11  released');
  });

  it('never calls a server without one that has some that are over', () => {
    expect(linesOf([], false)).toEqual(['No recoveries of this server.', '']);
    expect(linesOf([recovery('bbbb', 'released')], false)).toEqual([
      'No recoveries of this server but some that are over.',
      'Not shown: 1 thrown away or released:',
      '    walkback recover status --all',
      '',
    ]);
  });
});
