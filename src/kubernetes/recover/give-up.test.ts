import { describe, expect, it } from 'vitest';

import { checkMayCutOver, mayStayRecovered, type GivingUpPlan } from './give-up.ts';
import type { SwapEntry } from './journal-object.ts';
import type { SwapStep } from './step-names.ts';

const at = '2026-06-05T15:02:11Z';
const undoing: SwapEntry = { at, event: 'state', state: 'undoing' };
const done = (...steps: SwapStep[]): SwapEntry[] => steps.map((step) => ({ at, event: 'done', step, facts: {} }));
const recovered: GivingUpPlan = { recovery: { id: '7f3a' }, swap: {} };
const cloned: GivingUpPlan = {
  recovery: { id: '7f3a' },
  swap: { clone: {} },
};

describe('giving an undo up', () => {
  it('is possible once the new line has opened, until the kept data have, or are moved', () => {
    const begun = [...done('scaleDown', 'openLine'), undoing, ...done('undoSurvey', 'undoStop')];
    expect(mayStayRecovered(recovered, begun)).toBe(true);
    expect(() => checkMayCutOver(recovered, begun)).not.toThrow();
    expect(mayStayRecovered(recovered, [...begun, ...done('undoReopen')])).toBe(false);
    for (const step of ['undoExchangeVolumes', 'undoRenameInVolume', 'undoRecreateStatefulSet'] as const) {
      const moved: SwapEntry[] = [...begun, { at, event: 'begin', step }];
      expect(mayStayRecovered(recovered, moved)).toBe(false);
      expect(() => checkMayCutOver(recovered, moved)).toThrow(
        expect.objectContaining({ kind: 'refused', remedy: 'Finish it:  walkback undo 7f3a' }),
      );
    }
  });

  it('is not needed before: there an undo is itself a taking back', () => {
    expect(mayStayRecovered(recovered, [...done('scaleDown'), undoing])).toBe(false);
    expect(mayStayRecovered(recovered, done('scaleDown', 'openLine'))).toBe(false);
    expect(() => checkMayCutOver(recovered, done('scaleDown', 'openLine'))).not.toThrow();
  });

  it('of a clone is possible once that is proven and has resumed: one that is broken off is never started again', () => {
    const begun = [...done('openLine', 'proveTarget'), undoing, ...done('undoSurvey')];
    expect(mayStayRecovered(cloned, begun)).toBe(false);
    expect(mayStayRecovered(cloned, [...done('openLine', 'resume', 'backUp'), undoing, ...done('undoSurvey')])).toBe(
      true,
    );
  });
});
