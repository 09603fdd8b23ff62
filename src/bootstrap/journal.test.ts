import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  factOf,
  hasStepBegun,
  isStepDone,
  journalPath,
  openBootstrapJournal,
  parseBootstrapJournal,
  readBootstrapJournal,
} from './journal.ts';
import { runSteps } from './runner.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bootstrap-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = () => openBootstrapJournal(folder, () => new Date(0));

describe('the journal of a bootstrap', () => {
  it('loses a torn last line alone, and refuses other damage', async () => {
    {
      await using journal = await open();
      await journal.append({ event: 'attempt', id: 'a1' });
      await journal.append({ event: 'done', step: 'reserveTimeline', facts: { timeline: 7 } });
    }
    await appendFile(journalPath(folder), '{"at":"1970-01-01T00:0');
    {
      await using journal = await open();
      expect(factOf(journal.entries, 'reserveTimeline', 'timeline')).toBe('7');
      await journal.append({ event: 'begin', step: 'promote' });
    }
    expect((await readBootstrapJournal(folder)).map(({ event }) => event)).toEqual(['attempt', 'done', 'begin']);
    await appendFile(journalPath(folder), 'x\n');
    await expect(open()).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it.each([
    ['a step that there is not', { event: 'begin', step: 'rewind' }],
    ['no step', { event: 'done', facts: {} }],
    ['a step that left nothing', { event: 'done', step: 'promote' }],
    ['an outcome that there is not', { event: 'runEnded', outcome: 'perhaps' }],
    ['an attempt without a name', { event: 'attempt' }],
    ['an event that there is not', { event: 'paused' }],
    ['no time', { event: 'released', at: 7 }],
  ])('refuses a line of %s', (_, line) => {
    const bytes = (value: object) => Buffer.from(`${JSON.stringify({ at: '1970-01-01T00:00:00Z', ...value })}\n`);
    expect(() => parseBootstrapJournal(bytes(line), 'the journal')).toThrow(/line 1 is no entry/);
    const good = { event: 'done', step: 'promote', facts: { timeline: 7, odd: [] } };
    const { entries } = parseBootstrapJournal(bytes(good), 'the journal');
    expect(entries).toEqual([{ at: '1970-01-01T00:00:00Z', ...good, facts: { timeline: 7 } }]);
  });

  it('knows nothing of the steps of an attempt that was given up', async () => {
    await using journal = await open();
    await journal.append({ event: 'attempt', id: 'a1' });
    await journal.append({ event: 'done', step: 'restore', facts: {} });
    expect(isStepDone(journal.entries, 'restore')).toBe(true);
    await journal.append({ event: 'attempt', id: 'a2' });
    expect(hasStepBegun(journal.entries, 'restore')).toBe(false);
  });
});

describe('the runner of a bootstrap', () => {
  it('goes on with the step that failed, and does none twice that is done', async () => {
    await using journal = await open();
    await journal.append({ event: 'attempt', id: 'a1' });
    const did: string[] = [];
    const steps = (fails: boolean) => [
      { name: 'restore' as const, do: async () => ({ did: did.push('restore') }) },
      {
        name: 'replay' as const,
        do: async (wasInterrupted: boolean) => {
          did.push(`replay${wasInterrupted ? ' again' : ''}`);
          if (fails) throw new Error('the disk is full');
          return {};
        },
      },
    ];
    await expect(runSteps(steps(true), journal, undefined)).rejects.toThrow('the disk is full');
    await runSteps(steps(false), journal, undefined);
    expect(did).toEqual(['restore', 'replay', 'replay again']);
  });
});
