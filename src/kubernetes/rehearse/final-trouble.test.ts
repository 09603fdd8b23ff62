import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FinalTrouble } from './final-trouble.ts';
import type { PodTrouble } from './rehearsal.ts';

const FINAL: PodTrouble = { message: 'the image cannot be had', remedy: 'push it', isFinal: true };
const PASSING: PodTrouble = { ...FINAL, isFinal: false };
const MOST_MS = 1000;

describe('a trouble that is final', () => {
  let seen: FinalTrouble;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    seen = new FinalTrouble();
  });
  afterEach(() => vi.useRealTimers());

  function after(ms: number, trouble: PodTrouble | undefined): boolean {
    vi.advanceTimersByTime(ms);
    return seen.lasting(trouble, MOST_MS) !== undefined;
  }

  it('is waited for, and given up when it lasts', () => {
    expect([after(0, FINAL), after(1000, FINAL), after(1, FINAL)]).toEqual([false, false, true]);
  });

  it.each([
    ['is gone', undefined],
    ['passes by itself', PASSING],
  ])('begins anew when between two looks it %s', (_title, between) => {
    expect([after(0, FINAL), after(900, between), after(900, FINAL), after(900, FINAL)]).toEqual(
      Array.from({ length: 4 }, () => false),
    );
    expect(after(101, FINAL)).toBe(true);
  });

  it('that passes by itself is never given up', () => {
    expect([after(0, PASSING), after(9000, PASSING)]).toEqual([false, false]);
  });
});
