import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { namelessFile } from './nameless-file.ts';

describe.skipIf(process.platform !== 'linux')('a file without a name', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nameless-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is read by its path as often as wanted, and is nowhere when the process is killed', async () => {
    await using file = await namelessFile(folder, 'hush');
    expect(await readdir(folder)).toEqual([]);
    expect(await readFile(file.path, 'utf8')).toBe('hush');
    expect(await readFile(file.path, 'utf8')).toBe('hush');
    const { mode } = await stat(file.path);
    expect(mode & 0o777).toBe(0o600);
  });

  it('is gone once it is disposed of', async () => {
    const file = await namelessFile(folder, 'hush');
    await file[Symbol.asyncDispose]();
    const found = await readFile(file.path, 'utf8').catch(() => undefined);
    expect(found).not.toBe('hush');
  });
});
