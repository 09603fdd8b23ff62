import { describe, expect, it } from 'vitest';

import type { ResetEntry } from '../recover/journal-object.ts';
import { mustStayDown } from './scaled-again.ts';
import type { ResetStep } from './step-names.ts';

const at = '2026-12-01T03:00:00Z';
const done = (...steps: readonly ResetStep[]): ResetEntry[] =>
  steps.map((step) => ({ at, event: 'done', step, facts: {} }));
const begin = (step: ResetStep): ResetEntry => ({ at, event: 'begin', step });

describe('a StatefulSet that somebody scales up in the middle of its reset', () => {
  it('is scaled down again from when it was down until the new cluster is started', () => {
    expect(mustStayDown(done('resetStop'), 'run')).toBe(false);
    expect(mustStayDown([...done('resetScaleDown'), begin('keepVolumes')], 'run')).toBe(true);
    expect(mustStayDown([...done('resetScaleDown'), begin('startAnew')], 'run')).toBe(false);
  });

  it('is scaled down again for volumes that are put back, and not once they are', () => {
    expect(mustStayDown(done('resetScaleDown'), 'takeBack')).toBe(false);
    const moved = [...done('resetScaleDown'), begin('keepVolumes')];
    expect(mustStayDown(moved, 'takeBack')).toBe(true);
    expect(mustStayDown([...moved, { at, event: 'undone', step: 'keepVolumes' }], 'takeBack')).toBe(false);
  });

  it('is scaled down again in an undo until the cluster from before is opened', () => {
    expect(mustStayDown(done('startAnew'), 'undo')).toBe(false);
    expect(mustStayDown(done('startAnew', 'undoResetScaleDown'), 'undo')).toBe(true);
    expect(mustStayDown([...done('undoResetScaleDown'), begin('undoResetOpen')], 'undo')).toBe(false);
  });
});
