import { beforeEach, describe, expect, it } from 'vitest';

import { Failure, type FailureKind } from '../base/failure.ts';
import { PushPauses } from './push-pauses.ts';

const NONE: ReadonlySet<string> = new Set();
const failure = (kind: FailureKind) => new Failure(kind, { message: 'cannot write', remedy: 'Look.' });

let pauses: PushPauses;

/** The file that is pushed next. */
function next(queue: readonly string[], nowMs: number, { runningCount = 0, awaited = NONE } = {}): string | undefined {
  return queue[pauses.next(queue, { runningCount, awaited, nowMs })];
}

/** When the next file is tried, of pushes that all fail at once. */
function triesUntil(endMs: number, queue: readonly string[], awaited = NONE): number[] {
  const triedMs: number[] = [];
  for (let nowMs = 0; nowMs < endMs; nowMs += 50) {
    const fileName = next(queue, nowMs, { awaited });
    if (fileName === undefined) continue;
    triedMs.push(nowMs);
    pauses.noteFailure(fileName, failure('denied'), nowMs);
  }
  return triedMs;
}

beforeEach(() => {
  pauses = new PushPauses();
});

describe('the pauses between pushes', () => {
  it('leave a file alone that is not what it must be, for at most 5 s, and no other', () => {
    for (const nowMs of [0, 1000, 3000, 7000]) {
      expect(next(['a', 'b'], nowMs)).toBe('a');
      pauses.noteFailure('a', failure('corrupt'), nowMs);
      expect(next(['a', 'b'], nowMs, { runningCount: 3 })).toBe('b');
    }
    expect(next(['a'], 11_999)).toBeUndefined();
    expect(next(['a'], 12_000)).toBe('a');
    pauses.noteSuccess('a');
    expect(pauses.areNone).toBe(true);
  });

  it.each(['denied', 'unavailable'] as const)('leave a store alone, more and more, that is %s', () => {
    const queue = Array.from({ length: 100 }, (_, index) => `file ${index}`);
    expect(triesUntil(120_000, queue)).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 61_000, 91_000]);
  });

  it('try a file that the server asks for within 5 s all the same', () => {
    const tried = triesUntil(60_000, ['a', 'b', 'c'], new Set(['a']));
    const gapsMs = tried.map((atMs, index) => atMs - (tried[index - 1] ?? 0));
    expect(Math.max(...gapsMs)).toBe(5000);
    expect(tried.length).toBeLessThan(20);
  });

  it('take failures of one moment for one', () => {
    for (const name of ['a', 'b', 'c', 'd']) pauses.noteFailure(name, failure('unavailable'), 100);
    expect(next(['e', 'f'], 1099)).toBeUndefined();
    expect(next(['e', 'f'], 1100)).toBe('e');
    expect(next(['f'], 1100, { runningCount: 1 })).toBeUndefined();
  });

  it('are over once a push succeeds', () => {
    triesUntil(20_000, ['a', 'b']);
    pauses.noteSuccess('a');
    expect(next(['c', 'd'], 20_000, { runningCount: 1 })).toBe('c');
  });

  it('try another file next, so that one which a store does not give is not taken for all of it', () => {
    pauses.noteFailure('a', failure('denied'), 0);
    expect(next(['a', 'b'], 1000)).toBe('b');
    pauses.noteFailure('b', failure('denied'), 1000);
    expect(next(['a', 'b'], 3000)).toBe('a');
  });

  it('tell until when nothing is to be done', () => {
    expect(pauses.notBeforeMs(['a'])).toBe(0);
    pauses.noteFailure('a', failure('corrupt'), 100);
    expect(pauses.notBeforeMs(['a'])).toBe(1100);
    expect(pauses.notBeforeMs(['a', 'b'])).toBe(0);
    pauses.noteFailure('b', failure('denied'), 500);
    expect(pauses.notBeforeMs(['a', 'b'])).toBe(1500);
    pauses.forget('b');
    expect(pauses.failedFiles).toEqual(['a']);
    pauses.forget('a');
    // The store is still left alone.
    expect(pauses.areNone).toBe(false);
    expect(pauses.notBeforeMs(['c'])).toBe(1500);
  });
});
