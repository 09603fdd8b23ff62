import { describe, expect, it } from 'vitest';

import { decidePrune, type PruneDecision } from './decide-prune.ts';
import { NOTHING_IN_USE, type PruneFacts } from './prune-facts.ts';
import { DAY_MS, madeBackup, madeFacts, madeTimeline } from './testing/made-archive.ts';

const window = (days: number) => ({ keepWindowMs: days * DAY_MS });
const going = (decision: PruneDecision): string[] => decision.going.map(({ name }) => name);
const reasons = (decision: PruneDecision): Record<string, string> =>
  Object.fromEntries(decision.kept.map(({ backup, reason }) => [backup.name, reason.kind]));
/** `1: 10-, 3-4`: the spans that stay, of each timeline. */
const spans = (decision: PruneDecision, facts: PruneFacts): Record<number, string> =>
  Object.fromEntries(
    facts.timelines.map(({ timeline }) => [
      timeline,
      decision.neededWal
        .spansOf(timeline)
        .map(({ firstIndex, lastIndex }) => `${firstIndex}-${lastIndex ?? ''}`)
        .join(', '),
    ]),
  );

/** A backup a day, ten segments a day: `day(3)` begins in segment 30. */
const day = (number: number) => madeBackup({ segment: number * 10, day: number });
const oneLine = (days: number, more: Partial<PruneFacts> = {}) =>
  madeFacts(days, {
    backups: Array.from({ length: days }, (_, at) => day(at + 1)),
    timelines: [madeTimeline({ segments: [[0, days * 10 + 5]], day: days })],
    ...more,
  });

describe('a window on one line of history', () => {
  it('begins with the newest backup that ended before it', () => {
    const facts = oneLine(10);
    const decision = decidePrune(facts, window(3.5));
    expect(going(decision)).toEqual([1, 2, 3, 4, 5].map((number) => day(number).name));
    expect(reasons(decision)[day(6).name]).toBe('begin');
    expect(spans(decision, facts)).toEqual({ 1: '60-' });
  });

  it('is counted back from the newest WAL, so that a silent archive stays as it is', () => {
    const silent = decidePrune({ ...oneLine(10), nowMs: 400 * DAY_MS }, window(3.5));
    expect(going(silent)).toEqual(going(decidePrune(oneLine(10), window(3.5))));
  });

  it('is not counted from the future that a wrong clock tells of', () => {
    const facts = { ...oneLine(10, { timelines: [madeTimeline({ segments: [[0, 105]], day: 900 })] }) };
    expect(going(decidePrune(facts, window(3.5)))).toHaveLength(5);
  });

  it('begins earlier when the backup before it cannot be restored', () => {
    const holed = oneLine(10, {
      timelines: [
        madeTimeline({
          segments: [
            [0, 59],
            [61, 105],
          ],
          day: 10,
        }),
      ],
    });
    expect(reasons(decidePrune(holed, window(3.5)))).toMatchObject({ [day(5).name]: 'begin' });
    const damaged = oneLine(10, { damaged: new Map([[day(6).name, 'a part is damaged']]) });
    expect(reasons(decidePrune(damaged, window(3.5)))).toMatchObject({ [day(5).name]: 'begin' });
    expect(going(decidePrune(damaged, window(3.5)))).toContain(day(6).name);
  });

  it('keeps WAL behind a hole, which may be healed', () => {
    const facts = oneLine(10, {
      timelines: [
        madeTimeline({
          segments: [
            [0, 83],
            [86, 105],
          ],
          day: 10,
        }),
      ],
    });
    expect(spans(decidePrune(facts, window(3.5)), facts)).toEqual({ 1: '60-' });
  });

  it('keeps everything from the first backup on when it is longer than the archive', () => {
    const facts = oneLine(3);
    const decision = decidePrune(facts, window(30));
    expect(going(decision)).toEqual([]);
    expect(spans(decision, facts)).toEqual({ 1: '10-' });
  });

  it('lets nothing go when no backup can be restored', () => {
    const facts = oneLine(3, { backups: [], timelines: [madeTimeline({ segments: [[0, 35]], day: 3 })] });
    expect(decidePrune(facts, window(1))).toMatchObject({ hasNothingToRestore: true, going: [] });
    expect(spans(decidePrune(facts, window(1)), facts)).toEqual({ 1: '0-' });
  });
});

describe('a window that no backup before it can be restored for', () => {
  const lacking = madeBackup({ segment: 10, segments: 3, day: 1 });
  const facts = (more: Partial<PruneFacts> = {}): PruneFacts =>
    madeFacts(31, {
      backups: [madeBackup({ segment: 2, day: 0.5 }), lacking, madeBackup({ segment: 300, day: 30 })],
      timelines: [
        madeTimeline({
          segments: [
            [3, 10],
            [12, 310],
          ],
          day: 31,
        }),
      ],
      ...more,
    });

  it('keeps the newest that lacks nothing but WAL, which may yet be pushed, and all WAL from it on', () => {
    const decision = decidePrune(facts(), window(10));
    expect(reasons(decision)).toEqual({ [lacking.name]: 'mendable', base_00000001000000000000012C: 'promised' });
    expect(spans(decision, facts())).toEqual({ 1: '10-' });
  });

  it('keeps none that is damaged', () => {
    const damaged = facts({ damaged: new Map([[lacking.name, 'a part is damaged']]) });
    expect(reasons(decidePrune(damaged, window(10)))).toMatchObject({ base_000000010000000000000002: 'mendable' });
    expect(going(decidePrune(damaged, window(10)))).toEqual([lacking.name]);
  });

  it('lets it go as soon as another one can be restored', () => {
    expect(going(decidePrune(facts({ nowMs: 31 * DAY_MS }), window(0.5)))).toHaveLength(2);
  });
});

describe('a timeline without its history file', () => {
  // A backup a month; the second timeline left the first in segment 20, on the second day.
  const [first, second] = [madeBackup({ segment: 10, day: 1 }), madeBackup({ timeline: 2, segment: 300, day: 30 })];
  const facts = (ownEnd = 36, more: Partial<PruneFacts> = {}): PruneFacts =>
    madeFacts(36, {
      backups: [first, second],
      timelines: [
        madeTimeline({ segments: [[0, 20]], day: 2 }),
        madeTimeline({ timeline: 2, segments: [[20, 360]], day: ownEnd }),
      ],
      ...more,
    });

  it('lets nothing go of itself and of those before it, which may lead to it', () => {
    const decision = decidePrune(facts(), window(30));
    expect(reasons(decision)).toEqual({ [first.name]: 'unknownLine', [second.name]: 'promised' });
    expect(spans(decision, facts())).toEqual({ 1: '0-', 2: '0-' });
  });

  it('needs none of them once what is promised begins with a backup of its own', () => {
    const decision = decidePrune(facts(), window(3));
    expect(reasons(decision)).toEqual({ [second.name]: 'begin' });
    expect(spans(decision, facts())).toEqual({ 1: '', 2: '300-' });
  });

  it('holds nothing up when it was abandoned before what is promised', () => {
    const third = madeBackup({ timeline: 3, segment: 25, day: 33 });
    const left = {
      ...facts(5),
      backups: [first, third],
      timelines: [
        ...facts(5).timelines,
        madeTimeline({ timeline: 3, ancestors: [[1, 20]], segments: [[20, 50]], day: 36 }),
      ],
    };
    expect(going(decidePrune(left, window(2)))).toEqual([first.name]);
    expect(spans(decidePrune(left, window(2)), left)).toEqual({ 1: '', 2: '', 3: '25-' });
  });

  it('is one like the first where the archive holds nothing before it', () => {
    const oldest = facts(36, { backups: [second], timelines: facts().timelines.slice(1) });
    expect(spans(decidePrune(oldest, window(30)), oldest)).toEqual({ 2: '300-' });
  });
});

describe('a number of full backups', () => {
  it('keeps so many, and all WAL from the oldest of them on', () => {
    const facts = oneLine(6);
    const decision = decidePrune(facts, { keepFull: 2 });
    expect(going(decision)).toEqual([1, 2, 3, 4].map((number) => day(number).name));
    expect(spans(decision, facts)).toEqual({ 1: '50-' });
  });

  it('counts no deltas, and keeps those that build on what it keeps', () => {
    const deltas = [4, 5, 6].map((number) => madeBackup({ segment: number * 10, day: number, deltaFrom: day(3) }));
    const facts = oneLine(3, {
      backups: [day(1), day(2), day(3), ...deltas],
      timelines: [madeTimeline({ segments: [[0, 70]], day: 6 })],
      nowMs: 6 * DAY_MS,
    });
    expect(going(decidePrune(facts, { keepFull: 1 }))).toEqual([day(1).name, day(2).name]);
  });

  it('counts on the line on which the cluster lives', () => {
    const facts = madeFacts(9, {
      backups: [day(1), day(2), day(3), day(4), madeBackup({ timeline: 2, segment: 26, day: 5 })],
      timelines: [
        madeTimeline({ segments: [[0, 45]], day: 4 }),
        madeTimeline({ timeline: 2, ancestors: [[1, 25]], segments: [[25, 80]], day: 9 }),
      ],
    });
    // Those of days 3 and 4 are not on that line, and younger than its second newest.
    expect(going(decidePrune(facts, { keepFull: 2 }))).toEqual([day(1).name]);
  });

  it('keeps a line that is quiet, beside a server on another one that goes on taking backups', () => {
    // The first timeline was left in segment 52; its server was forgotten, and still takes a backup every night.
    const onSecond = madeBackup({ timeline: 2, segment: 60, day: 6 });
    const quietSince = (endOfSecond: number, today: number) =>
      madeFacts(today, {
        backups: [day(4), onSecond, madeBackup({ segment: 61, day: today - 0.01 })],
        timelines: [
          madeTimeline({ segments: [[0, 62]], day: today - 0.01 }),
          madeTimeline({ timeline: 2, ancestors: [[1, 52]], segments: [[52, 65]], day: endOfSecond }),
        ],
      });
    for (const today of [6.1, 12.9]) {
      const facts = quietSince(6.05, today);
      const decision = decidePrune(facts, { keepFull: 1 });
      expect(going(decision)).not.toContain(onSecond.name);
      expect(spans(decision, facts)[2]).toBe('60-');
    }
    expect(going(decidePrune(quietSince(6.05, 13.1), { keepFull: 1 }))).toEqual([day(4).name, onSecond.name]);
  });

  it('keeps the line of a failover when the old server has written its last backup with a clock that is ahead', () => {
    const ahead = 5 + 10 / 1440;
    const last = { ...madeBackup({ segment: 50, day: ahead }), modifiedAt: new Date(5 * DAY_MS) };
    const facts = madeFacts(5.006, {
      backups: [day(4), last],
      timelines: [
        madeTimeline({ segments: [[0, 52]], day: 5.001 }),
        madeTimeline({ timeline: 2, ancestors: [[1, 52]], segments: [[52, 54]], day: 5.005 }),
      ],
    });
    const decision = decidePrune(facts, { keepFull: 1 });
    expect(going(decision)).toEqual([day(4).name]);
    expect(spans(decision, facts)).toEqual({ 1: '50-', 2: '52-' });
  });

  it('counts no more on a line as soon as a failover has left it at its end', () => {
    const facts = madeFacts(5.02, {
      backups: [day(4), madeBackup({ timeline: 2, segment: 53, day: 5.01 })],
      timelines: [
        madeTimeline({ segments: [[0, 51]], day: 5 }),
        madeTimeline({ timeline: 2, ancestors: [[1, 52]], segments: [[52, 54]], day: 5.02 }),
      ],
    });
    expect(going(decidePrune(facts, { keepFull: 1 }))).toEqual([day(4).name]);
  });

  it('is not held up by a timeline of which another one has everything, nor for longer than a week by any', () => {
    // Two failovers, a day and more apart, and a recovery that was undone on day 2: the fourth timeline.
    const today = 9;
    const facts = madeFacts(today, {
      backups: [
        day(1),
        day(2),
        madeBackup({ timeline: 2, segment: 46, day: 5 }),
        madeBackup({ timeline: 3, segment: 82, day: 9 }),
      ],
      timelines: [
        madeTimeline({ segments: [[0, 45]], day: 4.5 }),
        madeTimeline({ timeline: 2, ancestors: [[1, 45]], segments: [[45, 75]], day: 7.5 }),
        madeTimeline({
          timeline: 3,
          ancestors: [
            [1, 45],
            [2, 75],
          ],
          segments: [[75, 90]],
          day: 9,
        }),
        madeTimeline({ timeline: 4, ancestors: [[1, 12]], segments: [[12, 14]], day: 1.9 }),
      ],
    });
    expect(spans(decidePrune(facts, { keepFull: 1 }), facts)).toEqual({ 1: '', 2: '', 3: '82-', 4: '' });
  });

  it('lets nothing go before there are so many', () => {
    expect(going(decidePrune(oneLine(3), { keepFull: 4 }))).toEqual([]);
  });

  it('together with a window keeps what either keeps', () => {
    expect(going(decidePrune(oneLine(10), { keepFull: 2, ...window(3.5) }))).toHaveLength(5);
    expect(going(decidePrune(oneLine(10), { keepFull: 8, ...window(3.5) }))).toHaveLength(2);
  });
});

describe('a delta on a backup of an abandoned line', () => {
  // The first delta ended in segment 25, and the second timeline left the first in segment 22. WAL-G goes on from it.
  const full = day(1);
  const stray = madeBackup({ segment: 20, segments: 6, day: 2, deltaFrom: full });
  const second = madeBackup({ timeline: 2, segment: 30, day: 3, deltaFrom: stray });
  const third = madeBackup({ timeline: 2, segment: 50, day: 5, deltaFrom: second });
  const facts = madeFacts(8, {
    backups: [full, stray, second, third],
    timelines: [
      madeTimeline({ segments: [[0, 25]], day: 2 }),
      madeTimeline({ timeline: 2, ancestors: [[1, 22]], segments: [[22, 80]], day: 8 }),
    ],
  });

  it('is no begin, since it cannot be restored: that is the full backup before the fork', () => {
    const decision = decidePrune(facts, window(2));
    expect(reasons(decision)).toEqual({ [full.name]: 'begin' });
    expect(spans(decision, facts)).toEqual({ 1: '10-22', 2: '22-' });
  });

  it('is one where all of the chain is before the fork', () => {
    const later = madeTimeline({ timeline: 2, ancestors: [[1, 26]], segments: [[26, 80]], day: 8 });
    const onLine = { ...facts, timelines: [madeTimeline({ segments: [[0, 26]], day: 2 }), later] };
    expect(reasons(decidePrune(onLine, window(2)))[third.name]).toBe('begin');
  });
});

describe('what stays besides', () => {
  it('is a permanent backup with the WAL it needs itself', () => {
    const backups = [madeBackup({ segment: 10, segments: 3, day: 1, isPermanent: true }), day(2), day(8), day(9)];
    const facts = oneLine(10, { backups });
    const decision = decidePrune(facts, window(1.5));
    expect(going(decision)).toEqual([day(2).name]);
    expect(spans(decision, facts)).toEqual({ 1: '10-12, 80-' });
  });

  it('is what a delta that stays builds on', () => {
    const full = day(1);
    const first = madeBackup({ segment: 20, day: 2, deltaFrom: full });
    const second = madeBackup({ segment: 90, day: 9, deltaFrom: first });
    const facts = oneLine(10, { backups: [full, first, day(3), second] });
    const decision = decidePrune(facts, window(0.5));
    expect(going(decision)).toEqual([day(3).name]);
    expect(reasons(decision)).toEqual({ [full.name]: 'parent', [first.name]: 'parent', [second.name]: 'begin' });
  });

  it('is a backup that a recovery uses, with all WAL behind it', () => {
    const facts = oneLine(10, { inUse: { ...NOTHING_IN_USE, backups: new Map([[day(4).name, 'r-1']]) } });
    const decision = decidePrune(facts, window(1.5));
    expect(reasons(decision)[day(4).name]).toBe('inUse');
    expect(spans(decision, facts)).toEqual({ 1: '40-' });
  });

  it('is what a backup that is being taken may build on, and its WAL', () => {
    const name = `${day(9).name}_D_${day(3).name.slice(5)}`;
    const facts = oneLine(10, { unfinished: [{ name, newestAt: new Date(0), mayBeRunning: true }] });
    const decision = decidePrune(facts, window(0.5));
    expect(going(decision)).not.toContain(day(3).name);
    expect(spans(decision, facts)).toEqual({ 1: '30-30, 90-' });
  });
});

describe('an abandoned line of history', () => {
  // Recovered on day 6 to segment 45; the first timeline went on to segment 60.
  const facts = (today: number): PruneFacts =>
    madeFacts(today, {
      backups: [
        ...[1, 2, 3, 4, 5].map(day),
        ...Array.from({ length: today - 6 }, (_, at) =>
          madeBackup({ timeline: 2, segment: 46 + at * 10, day: 7 + at }),
        ),
      ],
      timelines: [
        madeTimeline({ segments: [[0, 60]], day: 6 }),
        madeTimeline({ timeline: 2, ancestors: [[1, 45]], segments: [[45, 45 + (today - 6) * 10]], day: today }),
      ],
    });

  it('stays as long as it lived within the window, from the backup on it', () => {
    const decision = decidePrune(facts(9), window(3.5));
    // The window begins in the middle of day 5: on both lines with what ended before.
    expect(reasons(decision)).toMatchObject({ [day(4).name]: 'begin', [day(5).name]: 'begin' });
    expect(spans(decision, facts(9))).toEqual({ 1: '40-45, 50-', 2: '45-' });
  });

  it('goes when it has not', () => {
    const decision = decidePrune(facts(12), window(3));
    expect(going(decision)).toHaveLength(7);
    expect(spans(decision, facts(12))).toEqual({ 1: '', 2: '66-' });
  });

  it('stays while its data are kept by a recovery that can be undone', () => {
    const inUse = { ...NOTHING_IN_USE, timelines: new Map([[1, 'r-1']]) };
    const decision = decidePrune({ ...facts(12), inUse }, window(3));
    expect(spans(decision, facts(12))).toEqual({ 1: '50-', 2: '66-' });
  });

  it('gives what is before the fork to the line that came of it', () => {
    const backups = facts(9).backups.filter(
      ({ timeline, finishedAt }) => timeline === 1 || finishedAt.getTime() > 8 * DAY_MS,
    );
    const one = { ...facts(9), backups };
    expect(spans(decidePrune(one, window(2)), one)).toEqual({ 1: '40-45', 2: '45-' });
  });
});
