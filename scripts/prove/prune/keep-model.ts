/**
 * What a policy promises and what may stay, said once more and as plainly as possible: by asking each object whether
 * something needs it, and each moment whether something reaches it. It shares nothing with what it judges.
 *
 * @module
 */

import type { LivedArchive, LivedBackup, LivedSegment } from './lived-archive.ts';

/** A policy, in the model's units. */
export interface ModelPolicy {
  readonly keepFull: number | undefined;
  readonly keepHours: number | undefined;
}

/** An archive with some of its objects gone. */
export interface ModelState {
  readonly archive: LivedArchive;
  readonly backups: ReadonlySet<LivedBackup>;
  readonly segments: ReadonlySet<string>;
}

/** What stays. */
export interface ModelKeeps {
  readonly fromHour: number;
  readonly backups: ReadonlySet<LivedBackup>;
  readonly segments: ReadonlySet<string>;
}

/** `1/12`: a segment's name in the model. */
export const nameOf = ({ timeline, index }: Pick<LivedSegment, 'timeline' | 'index'>): string => `${timeline}/${index}`;

/** An archive as it was found. */
export function wholeState(archive: LivedArchive): ModelState {
  return { archive, backups: new Set(archive.backups), segments: new Set(archive.segments.map(nameOf)) };
}

/** The timeline of a line of history that a position belongs to. */
function ownerAt({ forks }: LivedArchive, line: number, position: number): number {
  let owner = line;
  for (let fork = forks.get(owner); fork !== undefined && position < fork.position; fork = forks.get(owner)) {
    owner = fork.parent;
  }
  return owner;
}

/** Backups that begin and end on a line. */
function isOnLine(archive: LivedArchive, line: number, backup: LivedBackup): boolean {
  return (
    ownerAt(archive, line, backup.start) === backup.timeline &&
    ownerAt(archive, line, backup.finish - 0.0001) === backup.timeline
  );
}

/** A backup whose chain is there, undamaged, on one line of history. */
function isWhollyStored(state: ModelState, backup: LivedBackup): boolean {
  for (let one: LivedBackup | undefined = backup; one !== undefined; one = one.parent) {
    if (!state.backups.has(one) || one.isDamaged) return false;
    // What the line has changed since it left this one is in no delta on it.
    if (!isOnLine(state.archive, backup.timeline, one)) return false;
  }
  return true;
}

/** Such a backup whose own WAL is there. */
export function isRestorable(state: ModelState, backup: LivedBackup): boolean {
  if (!isWhollyStored(state, backup)) return false;
  for (let index = Math.floor(backup.start); index <= Math.floor(backup.finish); index += 1) {
    if (!state.segments.has(`${backup.timeline}/${index}`)) return false;
  }
  return true;
}

/** The end of a segment can be reached on its own timeline's line. */
export function isReachable(state: ModelState, { timeline, index }: LivedSegment): boolean {
  const { archive } = state;
  return [...state.backups].some((backup) => {
    if (backup.finish > index + 1 || !isOnLine(archive, timeline, backup) || !isRestorable(state, backup)) return false;
    for (let at = Math.floor(backup.start); at <= index; at += 1) {
      // The timeline that holds the end of this segment has a copy of what comes before in it.
      if (!state.segments.has(`${ownerAt(archive, timeline, at + 1 - 0.0001)}/${at}`)) return false;
    }
    return true;
  });
}

const timelinesOf = (archive: LivedArchive): number[] => [
  ...new Set([
    ...archive.segments.map(({ timeline }) => timeline),
    ...archive.backups.map(({ timeline }) => timeline),
    ...archive.forks.keys(),
  ]),
];

/** When a timeline's last segment came to the archive, or word of it. */
function newestWalHour(archive: LivedArchive, timeline: number): number {
  const own = archive.segments.filter((segment) => segment.timeline === timeline);
  const last = own.toSorted((a, b) => a.index - b.index).at(-1);
  return Math.max(0, archive.forks.get(timeline)?.toldHour ?? 0, last?.archivedHour ?? 0);
}

const DAY_HOURS = 24;
const WEEK_HOURS = 7 * DAY_HOURS;

function newestOfAllHour(archive: LivedArchive): number {
  return Math.max(...timelinesOf(archive).map((timeline) => newestWalHour(archive, timeline)));
}

function livingLines(archive: LivedArchive): number[] {
  const newest = archive.backups.toSorted((a, b) => a.finishedHour - b.finishedHour).at(-1);
  return timelinesOf(archive).filter((timeline) => {
    if (newest === undefined || timeline === newest.timeline) return true;
    const hour = newestWalHour(archive, timeline);
    if (hour >= newest.finishedHour) return true;
    return hour >= newestOfAllHour(archive) - DAY_HOURS && !isPartOfAnother(archive, timeline);
  });
}

/** When a line got its last WAL, or its last backup. */
function endOfLineHour(archive: LivedArchive, line: number): number {
  const backups = archive.backups.filter((one) => isOnLine(archive, line, one));
  return Math.max(newestWalHour(archive, line), ...backups.map(({ finishedHour }) => finishedHour));
}

/** True if a line that left this timeline did so in its last segment, or later, so that it has all there is of it. */
function isPartOfAnother(archive: LivedArchive, timeline: number): boolean {
  const indexes = archive.segments.filter((one) => one.timeline === timeline).map(({ index }) => index);
  const last = Math.max(Number.NEGATIVE_INFINITY, ...indexes);
  return [...archive.forks.values()].some((fork) => fork.parent === timeline && fork.position > last);
}

/** The ends of lines that have something of their own, and had some of it within a week. */
function lateEnds(archive: LivedArchive): number[] {
  return timelinesOf(archive)
    .filter((line) => newestWalHour(archive, line) >= newestOfAllHour(archive) - WEEK_HOURS)
    .filter((line) => !isPartOfAnother(archive, line))
    .map((line) => endOfLineHour(archive, line));
}

function promiseBegins(archive: LivedArchive, { keepFull, keepHours }: ModelPolicy): number {
  const state = wholeState(archive);
  const begins: number[] = [];
  if (keepHours !== undefined) {
    const newest = Math.max(newestOfAllHour(archive), ...archive.backups.map(({ finishedHour }) => finishedHour));
    begins.push(Math.min(newest, archive.nowHour) - keepHours);
  }
  if (keepFull !== undefined) begins.push(...lateEnds(archive));
  for (const line of keepFull === undefined ? [] : livingLines(archive)) {
    const fulls = archive.backups.filter(
      (one) => one.parent === undefined && isRestorable(state, one) && isOnLine(archive, line, one),
    );
    const hours = fulls.map(({ finishedHour }) => finishedHour).toSorted((a, b) => b - a);
    begins.push(hours[(keepFull ?? 0) - 1] ?? Number.NEGATIVE_INFINITY);
  }
  return Math.min(...begins);
}

/** Asks every object. */
export function whatStays(archive: LivedArchive, policy: ModelPolicy): ModelKeeps {
  const whole = wholeState(archive);
  if (!archive.backups.some((one) => isRestorable(whole, one))) {
    return { fromHour: Number.NEGATIVE_INFINITY, backups: whole.backups, segments: whole.segments };
  }
  const fromHour = promiseBegins(archive, policy);
  const running = archive.unfinished.filter(({ newestHour }) => archive.nowHour - newestHour <= 24);
  const lines = promisedLines(archive, fromHour);
  const begins = new Map(lines.map((line) => [line, beginOf(archive, line, fromHour)]));
  const mayLead = lines.flatMap((line) => mayLeadTo(archive, line, fromHour));
  const firsts = new Map(lines.map((line) => [line, firstOf(archive, line, begins, fromHour)]));
  const isNeededItself = (one: LivedBackup): boolean =>
    one.finishedHour > fromHour ||
    one.isPermanent ||
    archive.inUse.includes(one) ||
    [...begins.values()].includes(one) ||
    mayLead.includes(one.timeline) ||
    running.some(({ parent }) => parent !== undefined && isSameStart(parent, one));
  const backups = new Set(
    archive.backups.filter((one) =>
      archive.backups.some((child) => isNeededItself(child) && chainOf(child).includes(one)),
    ),
  );
  const isNeeded = (segment: LivedSegment): boolean =>
    [...backups].some(
      (one) =>
        one.timeline === segment.timeline &&
        segment.index >= Math.floor(one.start) &&
        segment.index <= Math.floor(one.finish),
    ) ||
    running.some(({ timeline, index }) => timeline === segment.timeline && segment.index >= index) ||
    mayLead.includes(segment.timeline) ||
    lines.some((line) => holdsBytesOf(archive, line, segment) && segment.index >= (firsts.get(line) ?? 0));
  return { fromHour, backups, segments: new Set(archive.segments.filter(isNeeded).map(nameOf)) };
}

function isSameStart(a: LivedBackup, b: LivedBackup): boolean {
  return a.timeline === b.timeline && Math.floor(a.start) === Math.floor(b.start);
}

function chainOf(backup: LivedBackup): LivedBackup[] {
  return backup.parent === undefined ? [backup] : [backup, ...chainOf(backup.parent)];
}

function promisedLines(archive: LivedArchive, fromHour: number): number[] {
  const living = livingLines(archive);
  return timelinesOf(archive).filter(
    (line) =>
      living.includes(line) ||
      archive.heldTimelines.includes(line) ||
      endOfLineHour(archive, line) >= fromHour ||
      archive.inUse.some((one) => isOnLine(archive, line, one)),
  );
}

/** The newest backup of a line that ended before the promise and can be restored; or else could, with all WAL pushed. */
function beginOf(archive: LivedArchive, line: number, fromHour: number): LivedBackup | undefined {
  const whole = wholeState(archive);
  const before = archive.backups
    .filter((one) => one.finishedHour <= fromHour && isOnLine(archive, line, one) && isWhollyStored(whole, one))
    .toSorted((a, b) => a.finishedHour - b.finishedHour);
  return before.findLast((one) => isRestorable(whole, one)) ?? before.at(-1);
}

/** All timelines before one of which nobody can tell what it came of, unless the promise begins on it. */
function mayLeadTo(archive: LivedArchive, line: number, fromHour: number): number[] {
  const begin = beginOf(archive, line, fromHour);
  if (archive.forks.has(line) || (begin !== undefined && isRestorable(wholeState(archive), begin))) return [];
  return timelinesOf(archive).filter((timeline) => timeline < line);
}

/** The first segment that a line needs. */
function firstOf(
  archive: LivedArchive,
  line: number,
  begins: ReadonlyMap<number, LivedBackup | undefined>,
  fromHour: number,
): number {
  if (mayLeadTo(archive, line, fromHour).length > 0) return 0;
  const onLine = archive.backups.filter((one) => isOnLine(archive, line, one));
  const begin = begins.get(line);
  const later = onLine.filter(({ finishedHour }) => finishedHour > fromHour);
  const starts = (begin === undefined ? later : [begin]).map(({ start }) => Math.floor(start));
  const own = Math.floor(archive.forks.get(line)?.position ?? 0);
  const used = archive.inUse.filter((one) => onLine.includes(one)).map(({ start }) => Math.floor(start));
  const running = archive.unfinished
    .filter(({ newestHour }) => archive.nowHour - newestHour <= 24)
    .filter(
      ({ timeline, index }) =>
        ownerAt(archive, line, index) === timeline || ownerAt(archive, line, index + 1 - 0.0001) === timeline,
    )
    .map(({ index }) => index);
  return Math.min(...(starts.length === 0 ? [own] : starts), ...used, ...running);
}

/** True if a part of this segment's file is on a line of history. */
function holdsBytesOf(archive: LivedArchive, line: number, { timeline, index }: LivedSegment): boolean {
  const borders = [...archive.forks.values()].map(({ position }) => position);
  const within = borders.filter((position) => position >= index && position < index + 1);
  return [index, ...within].some((position) => ownerAt(archive, line, position) === timeline);
}
