import { describe, expect, it } from 'vitest';

import type { SwapEntry } from './journal-object.ts';
import { mustStayDown } from './scaled-again.ts';
import type { SwapStep } from './step-names.ts';

const at = '2026-11-30T03:00:00Z';
const done = (...steps: readonly SwapStep[]): SwapEntry[] =>
  steps.map((step) => ({ at, event: 'done', step, facts: {} }));
const begin = (step: SwapStep): SwapEntry => ({ at, event: 'begin', step });

describe('a StatefulSet that somebody scales up between two runs', () => {
  it('is scaled down again from when it was down until the line opens', () => {
    expect(mustStayDown(done('stopLive'), 'cutOver')).toBe(false);
    expect(mustStayDown(done('stopLive', 'scaleDown'), 'cutOver')).toBe(true);
    expect(mustStayDown([...done('scaleDown', 'exchangeVolumes'), begin('clearStatus')], 'cutOver')).toBe(true);
    expect(mustStayDown([...done('scaleDown', 'exchangeVolumes'), begin('openLine')], 'cutOver')).toBe(false);
  });

  it('is scaled down again for what is moved back, and not for what never was moved', () => {
    expect(mustStayDown(done('scaleDown', 'archiveRest'), 'takeBack')).toBe(false);
    expect(mustStayDown([...done('scaleDown'), begin('renameInVolume')], 'takeBack')).toBe(true);
    expect(
      mustStayDown(
        [...done('scaleDown', 'exchangeVolumes'), { at, event: 'undone', step: 'exchangeVolumes' }],
        'takeBack',
      ),
    ).toBe(false);
  });

  it('is scaled down again in an undo from when that has it down', () => {
    expect(mustStayDown(done('scaleDown', 'openLine'), 'undo')).toBe(false);
    expect(mustStayDown(done('scaleDown', 'openLine', 'undoScaleDown'), 'undo')).toBe(true);
    expect(mustStayDown([...done('scaleDown', 'undoScaleDown'), begin('undoOpenLine')], 'undo')).toBe(false);
  });
});
