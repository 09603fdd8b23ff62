import { getHeapStatistics } from 'node:v8';

import { describe, expect, it } from 'vitest';

import { collectGarbageIfGrown } from './collect-garbage.ts';

const MIB = 1024 * 1024;
const usedMib = (): number => getHeapStatistics().used_heap_size / MIB;

describe('a heap that has grown', () => {
  it('is collected at once, and not again before it has grown anew', () => {
    collectGarbageIfGrown();
    let garbage = Array.from({ length: 300 }, () => Array.from({ length: 64 * 1024 }, () => 1.5));
    const grownMib = usedMib();
    expect(garbage.length).toBe(300);
    garbage = [];
    collectGarbageIfGrown();
    expect(usedMib()).toBeLessThan(grownMib - 100);
  });
});
