import { describe, expect, it } from 'vitest';

import type { SwapEntry } from './journal-object.ts';
import { isMakingAnew } from './removed-statefulset.ts';

const at = '2026-11-30T03:00:00Z';
const BEGUN: SwapEntry[] = [
  { at, event: 'state', state: 'cuttingOver' },
  { at, event: 'begin', step: 'recreateStatefulSet' },
];

describe('a StatefulSet that is not there', () => {
  it('may be one that a recovery is making anew, forth or back', () => {
    expect(isMakingAnew(BEGUN)).toBe(true);
    expect(isMakingAnew([...BEGUN, { at, event: 'state', state: 'undoing' }])).toBe(true);
  });

  it('is gone when no recovery is at that, or when it is over', () => {
    expect(isMakingAnew(BEGUN.slice(0, 1))).toBe(false);
    expect(isMakingAnew([...BEGUN, { at, event: 'state', state: 'recovered' }])).toBe(false);
    const back: SwapEntry = { at, event: 'undone', step: 'recreateStatefulSet' };
    expect(isMakingAnew([...BEGUN, { at, event: 'state', state: 'undoing' }, back])).toBe(false);
  });
});
