import { getHeapStatistics } from 'node:v8';

import { describe, expect, it, vi } from 'vitest';

const MIB = 1024 * 1024;
const usedMib = (): number => getHeapStatistics().used_heap_size / MIB;

describe('a heap that has grown', () => {
  it('is collected at once, and not again before it has grown anew', async () => {
    // Of its own: what it remembers otherwise is the heap of the tests that ran before.
    vi.resetModules();
    const { collectGarbageIfGrown } = await import('./collect-garbage.ts');
    collectGarbageIfGrown();
    const beforeMib = usedMib();
    let garbage: number[][] = [];
    while (usedMib() < 2 * beforeMib + 150) garbage.push(Array.from<number>({ length: 64 * 1024 }).fill(1.5));
    const grownMib = usedMib();
    expect(garbage.length).toBeGreaterThan(100);
    garbage = [];
    collectGarbageIfGrown();
    expect(usedMib()).toBeLessThan(grownMib - 100);
  });
});

describe('buffers that pass through', () => {
  it('are collected before many of them have piled up', async () => {
    vi.resetModules();
    const { collectPassedBuffers } = await import('./collect-garbage.ts');
    let mostMib = 0;
    const beforeMib = process.memoryUsage().arrayBuffers / MIB;
    for (let passed = 0; passed < 400; passed += 1) {
      const { byteLength } = Buffer.allocUnsafeSlow(MIB / 2);
      collectPassedBuffers(byteLength);
      mostMib = Math.max(mostMib, process.memoryUsage().arrayBuffers / MIB - beforeMib);
    }
    expect(mostMib).toBeLessThan(40);
  });
});
