import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { inOrderOfNeed, readReadyFiles } from './ready-files.ts';

let data: string;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'walkback-ready-files-'));
});
afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

describe('the files that a server has ready', () => {
  it('are history files first, then the others by name; nothing else in the folder is one', async () => {
    const folder = join(data, 'pg_wal/archive_status');
    await mkdir(folder, { recursive: true });
    const entries = [
      '000000020000000000000005.ready',
      '00000003.history.ready',
      '000000010000000000000004.partial.ready',
      '000000010000000000000003.ready',
      '000000010000000000000002.done',
      '00000002.history.ready',
      '000000010000000000000003.00000028.backup.ready',
      'RECOVERYXLOG.ready',
    ];
    for (const entry of entries) await writeFile(join(folder, entry), '');
    expect(await readReadyFiles(data)).toEqual([
      '00000002.history',
      '00000003.history',
      '000000010000000000000003',
      '000000010000000000000003.00000028.backup',
      '000000010000000000000004.partial',
      '000000020000000000000005',
    ]);
  });

  it('are none while the folder is not there', async () => {
    expect(await readReadyFiles(data)).toEqual([]);
  });

  it('are looked at once each, however many there are', () => {
    const names = Array.from(
      { length: 20_000 },
      (_, index) => `00000001${((index * 7919) % 20_000).toString(16).toUpperCase().padStart(16, '0')}`,
    );
    let looks = 0;
    const sorted = inOrderOfNeed(names, () => {
      looks += 1;
      return 'segment';
    });
    expect(looks).toBe(names.length);
    expect(sorted).toEqual(names.toSorted());
  });
});
