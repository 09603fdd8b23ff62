import { describe, expect, it } from 'vitest';

import type { FileDescription, FilesMetadata } from '../walg/files-metadata.ts';
import { damageText, damageOnRecord, type DamagedFile } from './damaged-pages.ts';

/** A list of files with the damaged blocks of each. */
function listOf(files: Readonly<Record<string, readonly number[]>>): FilesMetadata {
  const described = Object.entries(files).map(([name, blocks]): [string, FileDescription] => [
    name,
    {
      isIncremented: false,
      isSkipped: false,
      mtimeNs: 0n,
      updatesCount: 0,
      ...(blocks.length === 0 ? {} : { corruptBlocks: { count: blocks.length, blocks } }),
    },
  ]);
  return { files: new Map(described), tarFileSets: new Map() };
}

const restored = (...names: readonly string[]) => [{ files: names.map((name) => [name, 8192] as const) }];
const level = (name: string, files: Readonly<Record<string, readonly number[]>>) => ({
  backup: { name },
  metadata: listOf(files),
});

describe('pages that were damaged when a backup took them', () => {
  const full = damageOnRecord(
    [],
    level('full', { '/base/5/1': [7], '/base/5/2': [0, 3], '/base/5/3': [] }),
    restored('base/5/1', 'base/5/2'),
  );

  it('are known of what was restored whole', () => {
    expect(full).toEqual([
      { backupName: 'full', name: 'base/5/1', blocks: [7] },
      { backupName: 'full', name: 'base/5/2', blocks: [0, 3] },
    ]);
    expect(damageOnRecord([], level('full', { '/base/5/1': [7] }), restored('base/5/2'))).toEqual([]);
    expect(damageOnRecord([], { backup: { name: 'full' }, metadata: undefined }, restored('base/5/2'))).toEqual([]);
  });

  it('are gone where a later backup holds the file whole, and stay where it does not', () => {
    const delta = level('delta', { '/base/5/1': [], '/base/5/2': [] });
    expect(damageOnRecord(full, delta, restored('base/5/2'))).toEqual([
      { backupName: 'full', name: 'base/5/1', blocks: [7] },
    ]);
    expect(
      damageOnRecord(full, level('delta', { '/base/5/1': [9] }), restored('base/5/1')).map(({ blocks }) => blocks),
    ).toEqual([[0, 3], [9]]);
  });

  it('are told in one line, however many there are', () => {
    expect(damageText([])).toBeUndefined();
    expect(damageText(full)).toBe('base/5/1 (blocks 7, in full); base/5/2 (blocks 0, 3, in full)');
    const many = Array.from({ length: 8 }, (_, at): DamagedFile => ({
      backupName: 'b',
      name: `base/5/${at}`,
      blocks: Array.from({ length: 12 }, (_none, block) => block),
    }));
    expect(damageText(many)).toMatch(
      /^base\/5\/0 \(blocks 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …, in b\); .*; and 3 files more$/,
    );
  });
});
