import { describe, expect, it } from 'vitest';

import { RECOVERY_WAYS } from '../../../src/kubernetes/find/rights.ts';
import { rehearseStepsOf, SWAP_STEPS, UNDO_SWAP_STEPS } from '../../../src/kubernetes/recover/step-names.ts';
import { caseOf, groupsOf, KILLS, wordsOf } from './cases.ts';
import { FAULT_NAMES } from './fault-names.ts';

describe('the cases', () => {
  it('have every step of every way, gone on with and taken back', () => {
    const all = new Set(KILLS.map(({ way, work, step, goingOn }) => `${way} ${work} ${step} ${goingOn}`));
    for (const way of RECOVERY_WAYS) {
      for (const step of [...rehearseStepsOf(way), ...SWAP_STEPS[way]]) {
        expect(all).toContain(`${way} recover ${step} resume`);
        expect(all).toContain(`${way} recover ${step} undo`);
      }
      for (const step of UNDO_SWAP_STEPS[way]) expect(all).toContain(`${way} undo ${step} resume`);
    }
  });

  it('go on with every fault, in turn, and are the same each time', () => {
    const some = FAULT_NAMES.map((_, at) => caseOf(KILLS.length + at));
    expect(some.map((one) => one.kind === 'fault' && one.fault)).toEqual(FAULT_NAMES.map(({ name }) => name));
    expect(some).toEqual(FAULT_NAMES.map((_, at) => caseOf(KILLS.length + at)));
  });

  it('have faults that come to certain steps only in undos too', () => {
    const named = new Set(FAULT_NAMES.filter(({ steps }) => steps !== undefined).map(({ name }) => name));
    const some = Array.from({ length: 30 * FAULT_NAMES.length }, (_, at) => caseOf(KILLS.length + at));
    const met = new Set(
      some.flatMap((one) => (one.kind === 'fault' && one.work === 'undo' && named.has(one.fault) ? [one.fault] : [])),
    );
    expect(met.size).toBeGreaterThan(5);
  });

  it('share a recovery that is killed at one step after the other', () => {
    const [first, second] = groupsOf(0, 30);
    expect(first?.map(({ given }) => given.step)).toEqual([...rehearseStepsOf('rebind'), ...SWAP_STEPS.rebind]);
    expect(second?.[0]?.given).toMatchObject({ way: 'rebind', work: 'undo' });
    expect(groupsOf(KILLS.length - 1, 3).map((group) => group.length)).toEqual([1, 1, 1]);
  });

  it('say what they are', () => {
    expect(wordsOf(caseOf(1))).toBe('rebind, recover at awaitRehearsal (changing): SIGKILL, go on');
  });
});
