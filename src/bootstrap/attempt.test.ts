import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { whyAnew } from './attempt.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import type { BootstrapEntry } from './journal.ts';
import { bootstrapPlace } from './place.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bootstrap-attempt-'));
});
afterEach(() => rm(root, { recursive: true }));

const REQUEST: CloneRequestFacts = {
  scope: 'shop',
  target: '--to-time 2026-06-05T15:02:11Z',
  timeline: 0,
  archiveAddress: 's3://a/b',
  writesTo: '',
  major: 17,
};
const ENTRIES: readonly BootstrapEntry[] = [{ at: '2026-06-05T15:10:00Z', event: 'attempt', id: 'a1' }];

/** Only what is looked at. */
const planned = (request: CloneRequestFacts): ClonePlan => ({ id: 'a1', request }) as ClonePlan;

describe('an attempt', () => {
  const why = (request: CloneRequestFacts) =>
    whyAnew(bootstrapPlace(join(root, 'data')), ENTRIES, planned(REQUEST), request);

  it('is gone on with for the same request, in whatever order its plan was written', async () => {
    const turned = Object.fromEntries(Object.entries(REQUEST).toReversed()) as unknown as CloneRequestFacts;
    expect(await why(turned)).toBeUndefined();
  });

  it('is begun anew for another one', async () => {
    expect(await why({ ...REQUEST, major: 18 })).toBe('something else is asked for now');
  });
});
