import { describe, expect, it } from 'vitest';

import type { StoredEntry } from './data-directory.ts';
import { planParts } from './part-plan.ts';

const MIB = 1024 * 1024;

function entry(name: string, sizeMib: number | undefined): StoredEntry {
  const type = sizeMib === undefined ? 'directory' : 'file';
  return { name, path: name, type, sizeBytes: (sizeMib ?? 0) * MIB, mode: 0, uid: 0, gid: 0, mtimeNs: 0n };
}

describe('the plan of parts', () => {
  it('holds every entry once, all directories in the first part, the largest part first', () => {
    const sizes = [1, 1024, 3, 20, 0, 500, 7, 1024, 12, 2];
    const entries = [
      entry('/', undefined),
      ...sizes.map((size, index) => entry(`/f${index}`, size)),
      entry('/d', undefined),
    ];
    const parts = planParts(entries, 2);
    const names = parts.flatMap((part) => part.entries.map(({ name }) => name));
    expect(names.toSorted()).toEqual(entries.map(({ name }) => name).toSorted());
    const first = parts.find(({ number }) => number === 1);
    expect(first?.entries.slice(0, 2).map(({ name }) => name)).toEqual(['/', '/d']);
    const order = parts.map(({ sizeBytes }) => sizeBytes);
    expect(order).toEqual(order.toSorted((a, b) => b - a));
    expect(new Set(parts.map(({ number }) => number)).size).toBe(parts.length);
  });

  it('has a part even when there is nothing but the data directory', () => {
    expect(planParts([entry('/', undefined)], 4)).toHaveLength(1);
  });
});
