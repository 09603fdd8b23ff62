import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { factsOf, hasStepBegun, isStepDone, openJournal, readJournal, stateOf } from './journal.ts';
import { lineWriter, type JournalFile } from './journal-file.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-journal-'));
  path = join(folder, 'journal.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const now = () => new Date('2026-06-05T15:02:11.620Z');

async function write(): Promise<void> {
  await using journal = await openJournal(path, now);
  await journal.append({ event: 'state', state: 'rehearsing' });
  await journal.append({ event: 'begin', step: 'restore' });
  await journal.append({ event: 'done', step: 'restore', facts: { files: 3 } });
  await journal.append({ event: 'begin', step: 'replay' });
}

describe('a journal', () => {
  it('gives back what was appended', async () => {
    await write();
    const entries = await readJournal(path);
    expect(entries).toHaveLength(4);
    expect(stateOf(entries)).toBe('rehearsing');
    expect(isStepDone(entries, 'restore')).toBe(true);
    expect(isStepDone(entries, 'replay')).toBe(false);
    expect(hasStepBegun(entries, 'replay')).toBe(true);
    expect(factsOf(entries, 'restore')).toEqual({ files: 3 });
  });

  it('is planned and empty when there is no file', async () => {
    expect(stateOf(await readJournal(path))).toBe('planned');
  });

  it('loses a torn last line alone, wherever it was torn', async () => {
    await write();
    const whole = await readFile(path);
    const lastLine = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (let length = lastLine; length < whole.length; length += 1) {
      await writeFile(path, whole.subarray(0, length));
      await using journal = await openJournal(path, now);
      expect(journal.entries).toHaveLength(3);
      await journal.append({ event: 'begin', step: 'replay' });
      expect(await readFile(path)).toEqual(whole);
    }
  });

  it('stays readable when a full disk has torn a line and there is room again', async () => {
    await write();
    const whole = await readFile(path);
    await using file = await open(path, 'a');
    let isFull = true;
    const filling: JournalFile = {
      appendFile: async (text) => {
        if (!isFull) return file.appendFile(text);
        await file.appendFile(whole.subarray(0, 20));
        throw new Error('ENOSPC: no space left on device');
      },
      datasync: () => file.datasync(),
      truncate: (sizeBytes) => file.truncate(sizeBytes),
    };
    const append = lineWriter(filling, path, whole.length);
    const line = `${JSON.stringify({ at: 'x', event: 'failed', step: 'replay', message: 'no' })}\n`;
    await expect(append(line)).rejects.toMatchObject({ kind: 'failed', message: expect.stringContaining('ENOSPC') });
    expect((await readFile(path)).length).toBe(whole.length + 20);
    isFull = false;
    await append(line);
    expect(await readFile(path, 'utf8')).toBe(`${whole.toString()}${line}`);
    expect(await readJournal(path)).toHaveLength(5);
  });

  it('refuses damage before its end, naming the line', async () => {
    await write();
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"begin"', '"bexin"'));
    await expect(readJournal(path)).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringContaining('line 2'),
    });
    await writeFile(path, text.replace('{', ''));
    await expect(readJournal(path)).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringContaining('line 1'),
    });
  });

  it('forgets that a step was done when it is undone, and knows it when it is done again', async () => {
    await write();
    await using journal = await openJournal(path, now);
    await journal.append({ event: 'undone', step: 'restore' });
    expect(hasStepBegun(journal.entries, 'restore')).toBe(false);
    await journal.append({ event: 'done', step: 'restore', facts: {} });
    expect(isStepDone(journal.entries, 'restore')).toBe(true);
  });

  it('refuses lines of a version it does not know', async () => {
    await appendFile(path, `${JSON.stringify({ at: 'x', event: 'begin', step: 'teleport' })}\n`);
    await expect(readJournal(path)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});
