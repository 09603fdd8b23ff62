import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openWorkNote, readWorkNote } from './work-note.ts';

describe('a note of work on a data directory', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'work-note-'));
  });
  afterEach(async () => rm(folder, { recursive: true, force: true }));

  it('tells how far the work is, and is gone when it has ended', async () => {
    const data = join(folder, 'data');
    {
      await using note = await openWorkNote(data, 'clone');
      note.onProgress({ phase: 'fetch', done: 1, total: 4, unit: 'bytes', note: 'base_1' });
      await expect
        .poll(async () => readWorkNote(data))
        .toMatchObject({ work: 'clone', phase: 'fetch', done: 1, total: 4 });
    }
    expect(await readWorkNote(data)).toBeUndefined();
  });

  it('is not believed when its process is dead, or was in another container', async () => {
    const data = join(folder, 'data');
    await using note = await openWorkNote(data, 'clone');
    note.onProgress({ phase: 'fetch', done: 1, unit: 'bytes' });
    await expect.poll(async () => (await readWorkNote(data))?.phase).toBe('fetch');
    const path = `${data}.walkback/work.json`;
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"processId":\d+/, '"processId":999999999'));
    expect(await readWorkNote(data)).toBeUndefined();
    await writeFile(path, text.replace(/"space":"[^"]*"/, '"space":"elsewhere"'));
    expect(await readWorkNote(data)).toBeUndefined();
    await writeFile(path, '{"processId":');
    expect(await readWorkNote(data)).toBeUndefined();
  });
});
