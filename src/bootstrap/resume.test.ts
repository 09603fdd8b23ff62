import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { noProgress } from '../base/progress.ts';
import { RECORD_FILE } from './clone-record.ts';
import { openBootstrapJournal, readBootstrapJournal, type BootstrapEntry, type NewBootstrapEntry } from './journal.ts';
import { bootstrapPlace } from './place.ts';
import { decideResume, settleOnceLeading, type BootstrapKeys, type ResumeFacts } from './resume.ts';

const journal = (...entries: NewBootstrapEntry[]): BootstrapEntry[] =>
  entries.map((entry) => ({ at: '2026-06-05T12:00:00Z', ...entry }));

const begun = journal({ event: 'runBegun' }, { event: 'attempt', id: 'a1' }, { event: 'begin', step: 'restore' });

const empty: ResumeFacts = {
  entries: [],
  keys: { initialize: '', leader: undefined, members: [] },
  isFree: true,
  isOurs: false,
  isHalfMade: false,
  member: 'pg-0',
  willGoOn: true,
};

const decide = (facts: Partial<ResumeFacts>) => decideResume({ ...empty, ...facts });

describe('what is done before Patroni starts again', () => {
  it('is to take away the key that a killed run of this host has left', () => {
    expect(decide({ entries: begun })).toEqual({ kind: 'release', takesOut: false });
  });

  it('is to move finished data back that Patroni has not taken over, so that it completes them', () => {
    const entries = [...begun, ...journal({ event: 'begin', step: 'putInPlace' })];
    expect(decide({ entries, isFree: false, isOurs: true })).toEqual({ kind: 'release', takesOut: true });
  });

  it('is not to move them back where Patroni would make an empty cluster instead', () => {
    const entries = [...begun, ...journal({ event: 'begin', step: 'putInPlace' })];
    expect(decide({ entries, isFree: false, isOurs: true, willGoOn: false })).toMatchObject({ kind: 'nothing' });
  });

  it('is to note that bootstraps are over once the key names the system', () => {
    const keys = { ...empty.keys, initialize: '7345', leader: 'pg-0' };
    expect(decide({ entries: begun, keys, isFree: false, isOurs: true })).toEqual({ kind: 'initialized' });
  });

  it.each([
    ['by this host, whose key it is', { keys: empty.keys }],
    ['and the key given back', { keys: { ...empty.keys, initialize: undefined } }],
    ['while another member has made the cluster', { keys: { ...empty.keys, initialize: '7345', leader: 'pg-1' } }],
  ])('is to set aside what an initdb has made that was killed %s', (_, facts) => {
    expect(decide({ ...facts, isFree: false, isHalfMade: true, willGoOn: false })).toEqual({ kind: 'setAside' });
  });

  it('is to watch for a member at work where the key may be of a run that never came to its journal', () => {
    expect(decide({})).toEqual({ kind: 'watch' });
    expect(decide({ entries: [...begun, ...journal({ event: 'runEnded', outcome: 'failed' })] })).toEqual({
      kind: 'watch',
    });
    expect(decide({ entries: [...begun, ...journal({ event: 'released' })] })).toEqual({ kind: 'watch' });
  });

  it.each([
    ['no key', { keys: { ...empty.keys, initialize: undefined } }],
    ['a leader', { keys: { ...empty.keys, leader: 'pg-1' } }],
    [
      'another member at work',
      { keys: { ...empty.keys, members: [{ name: 'pg-1', state: 'running custom bootstrap script' }] } },
    ],
    ['data of another origin', { isFree: false }],
    ['a cluster that was taken over', { entries: [...begun, ...journal({ event: 'initialized' })] }],
    ['a cluster that another member has made', { keys: { ...empty.keys, initialize: '7345' } }],
  ])('is nothing with %s', (_, facts) => {
    expect(decide({ entries: begun, ...facts })).toMatchObject({ kind: 'nothing' });
  });

  it('is not kept from it by this member, as it was before, nor by those that wait', () => {
    const members = [
      { name: 'pg-0', state: 'running custom bootstrap script' },
      { name: 'pg-1', state: 'stopped' },
    ];
    expect(decide({ entries: begun, keys: { ...empty.keys, members } })).toMatchObject({ kind: 'release' });
  });
});

describe('a member that leads', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'bootstrap-resume-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  /** The last event of a journal whose attempt `a1` was put in place. @param inPlace whose the data are. */
  async function lastEvent(inPlace: string, keys: Partial<BootstrapKeys>): Promise<string | undefined> {
    const place = bootstrapPlace(join(root, 'data'));
    await mkdir(place.dataDirectory);
    await writeFile(join(place.dataDirectory, RECORD_FILE), JSON.stringify({ id: inPlace }));
    await using written = await openBootstrapJournal(place.folder, () => new Date(0));
    for (const { at: _, ...entry } of [...begun, ...journal({ event: 'begin', step: 'putInPlace' })])
      await written.append(entry);
    await settleOnceLeading({
      place,
      nowUs: () => 0n,
      onProgress: noProgress,
      note: () => {},
      dcs: { show: async () => ({ ...empty.keys, ...keys }), cancelInitialize: async () => false },
      member: 'pg-0',
      willGoOn: true,
      watchMs: 0,
    });
    return (await readBootstrapJournal(place.folder)).at(-1)?.event;
  }

  it('writes down that bootstraps are over, once it leads with what was made here', async () => {
    expect(await lastEvent('a1', { initialize: '7345', leader: 'pg-0' })).toBe('initialized');
  });

  it.each([
    ['Patroni is not done with it', 'a1', { initialize: '' }],
    ['what it leads with is of another origin', 'b2', { initialize: '7345', leader: 'pg-0' }],
  ])('writes down nothing while %s', async (_, inPlace, keys) => {
    expect(await lastEvent(inPlace, keys)).toBe('begin');
  });
});
