import { describe, expect, it } from 'vitest';

import type { BootstrapEntry, NewBootstrapEntry } from './journal.ts';
import { decideResume, type ResumeFacts } from './resume.ts';

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
