import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findLiveData } from './find-live-data.ts';
import { recoveriesFolderOf } from '../local-places.ts';

let folder = '';
let data = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-live-data-'));
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function place(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'PG_VERSION'), '17\n');
}

describe('the data of the live server', () => {
  it('is in its own place, whatever recoveries keep', async () => {
    await place(data);
    await place(join(recoveriesFolderOf(data), '0aaa', 'kept'));
    expect(await findLiveData(data)).toBe(data);
  });

  it.each([
    ['a cutover', 'data'],
    ['an undo', 'replaced'],
  ])('is kept by the recovery in the middle of %s, not by an older one', async (_, other) => {
    await place(join(recoveriesFolderOf(data), '0aaa', 'kept'));
    await place(join(recoveriesFolderOf(data), 'fbbb', 'kept'));
    await place(join(recoveriesFolderOf(data), 'fbbb', other));
    await place(join(recoveriesFolderOf(data), 'cccc', 'replaced'));
    expect(await findLiveData(data)).toBe(join(recoveriesFolderOf(data), 'fbbb', 'kept'));
  });

  it('has its recoveries beside it, also when its name is written with a slash at its end', () => {
    expect(recoveriesFolderOf('/a/data/')).toBe('/a/data.walkback');
  });
});
