import { describe, expect, it } from 'vitest';

import { timelinesOf, type Timelines } from '../history/timelines.ts';
import { lsn } from '../postgres/lsn.ts';
import type { CloneRequestFacts } from './clone-plan-value.ts';
import { isToOwnEnd, wayBack } from './way-back.ts';

const REQUEST: CloneRequestFacts = {
  scope: 'shop',
  target: '--to-latest',
  timeline: 0,
  archiveAddress: 's3://a/own',
  writesTo: 's3://a/own',
  major: 17,
};

/** Each timeline with those it came from. */
function archive(lines: Readonly<Record<number, readonly number[]>>): Timelines {
  const histories = Object.entries(lines).map(([number, ancestors]) => {
    const timeline = Number(number);
    const switches = ancestors.map((parent) => ({ timeline: parent, switchLsn: lsn(BigInt(parent)), reason: '' }));
    return [timeline, { timeline, ancestors: switches }] as const;
  });
  return timelinesOf(new Map(histories), Object.keys(lines).map(Number));
}

/** The clone was timeline 2, and the cluster failed over to 3. */
const LIVED = archive({ 1: [], 2: [1], 3: [1, 2] });
/** The same, and behind it somebody began something else from timeline 1. */
const BRANCHED = archive({ 1: [], 2: [1], 3: [1, 2], 4: [1] });

describe('a clone that was made before', () => {
  it('is to the end of its own archive only without another archive, and without a target', () => {
    expect(isToOwnEnd(REQUEST)).toBe(true);
    expect(isToOwnEnd({ ...REQUEST, archiveAddress: 's3://a/other' })).toBe(false);
    expect(isToOwnEnd({ ...REQUEST, target: '--to-time 2026-06-05T15:02:11Z' })).toBe(false);
  });

  it('loses nothing on the line that its cluster has gone on with', () => {
    expect(wayBack(REQUEST, 2, LIVED)).toEqual({ kind: 'this' });
    expect(wayBack({ ...REQUEST, timeline: 3 }, 2, LIVED)).toEqual({ kind: 'this' });
  });

  it('would lose what its cluster has committed on any other, and is told which line that is', () => {
    expect(wayBack({ ...REQUEST, timeline: 2 }, 2, LIVED)).toEqual({ kind: 'line', timeline: 3 });
    expect(wayBack(REQUEST, 2, BRANCHED)).toEqual({ kind: 'line', timeline: 3 });
  });
});
