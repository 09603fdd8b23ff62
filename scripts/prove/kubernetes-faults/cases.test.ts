import { describe, expect, it } from 'vitest';

import { RECOVERY_WAYS } from '../../../src/kubernetes/find/rights.ts';
import { rehearseStepsOf, SWAP_STEPS, UNDO_SWAP_STEPS } from '../../../src/kubernetes/recover/step-names.ts';
import { RESET_STEPS, UNDO_RESET_STEPS } from '../../../src/kubernetes/reset/step-names.ts';
import { ADDED, ADDED_FROM } from './added-cases.ts';
import { stepsOf } from './case.ts';
import { caseOf, groupsOf, KILLS, membersOf, wordsOf } from './cases.ts';
import { FAULT_NAMES, MEMBER_FAULTS, type FaultName } from './fault-names.ts';
import { FAULTS } from './faults.ts';

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
    const named = new Set<FaultName>(FAULT_NAMES.filter(({ steps }) => steps !== undefined).map(({ name }) => name));
    const some = Array.from({ length: 20 * FAULT_NAMES.length }, (_, at) => caseOf(KILLS.length + at));
    const met = new Set(
      some.flatMap((one) => (one.kind === 'fault' && one.work === 'undo' && named.has(one.fault) ? [one.fault] : [])),
    );
    expect(met.size).toBeGreaterThan(5);
  });

  it('share a recovery that is killed at one step after the other', () => {
    const [first, second] = groupsOf(0, 30);
    expect(first?.map(({ given }) => 'step' in given && given.step)).toEqual([
      ...rehearseStepsOf('rebind'),
      ...SWAP_STEPS.rebind,
    ]);
    expect(second?.[0]?.given).toMatchObject({ way: 'rebind', work: 'undo' });
    expect(groupsOf(KILLS.length - 1, 3).map((group) => group.length)).toEqual([1, 1, 1]);
  });

  it('say what they are', () => {
    expect(wordsOf(caseOf(1))).toBe('rebind, recover at awaitRehearsal (changing): SIGKILL, go on');
    expect(wordsOf(caseOf(1000))).toBe('reset at resetRetainVolumes (begun): SIGKILL, go on');
  });

  it('keep the numbers that they were recorded with', () => {
    expect(KILLS).toHaveLength(257);
    expect([192, 257, 288, 314, 341].map((seed) => wordsOf(caseOf(seed)))).toEqual([
      'clone, recover at proveArchive (begun): SIGKILL, go on',
      'recreate, recover at scaleWorkloadsDown: the API is away for 8 s, go on',
      'recreate, recover at startRehearsal: no volume is provisioned for 40 s, go on',
      'recreate, recover at save: the API server is killed for 20 s, go on',
      'rebind, recover at awaitRehearsal: a quota refuses pods, go on',
    ]);
  });
});

describe('the cases that came later', () => {
  it('have every step of a reset and of its undo, gone on with and taken back', () => {
    const all = ADDED.flatMap((one) => (one.kind === 'reset' ? [`${one.work} ${one.step} ${one.goingOn}`] : []));
    expect(all).toEqual([
      ...RESET_STEPS.map((step) => `reset ${step} resume`),
      ...UNDO_RESET_STEPS.map((step) => `undo ${step} resume`),
      ...RESET_STEPS.map((step) => `reset ${step} undo`),
    ]);
    expect(groupsOf(ADDED_FROM, 43).map((group) => group.length)).toEqual([16, 11, ...RESET_STEPS.map(() => 1)]);
  });

  it('have every fault that came later, at steps of the way that they meet', () => {
    const met = new Set<FaultName>(FAULT_NAMES.map(({ name }) => name));
    for (const one of ADDED) {
      if (one.kind !== 'fault' && one.kind !== 'carried') continue;
      expect(stepsOf(one.way, one.work)).toContain(one.step);
      if (one.kind === 'fault') met.add(one.fault);
    }
    expect([...met].toSorted()).toEqual(Object.keys(FAULTS).toSorted());
  });

  it('have as many members as they need', () => {
    const ofMembers = ADDED.filter((one) => one.kind === 'fault' && MEMBER_FAULTS.has(one.fault));
    expect(ofMembers.map(membersOf)).toEqual(ofMembers.map(() => 2));
    expect(membersOf(caseOf(257))).toBe(1);
    expect(membersOf(caseOf(ADDED_FROM))).toBe(2);
  });

  it('end', () => {
    expect(() => caseOf(ADDED_FROM + ADDED.length)).toThrow('there is no case');
  });
});
