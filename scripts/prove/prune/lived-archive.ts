/**
 * Archives as clusters leave them behind: random lives with backups, deltas, also on one of an abandoned line, failovers,
 * recoveries to the past, undos, holes, segments that were archived late, damage, and backups that never ended.
 *
 * Positions are in segments, as plain numbers; times in hours. What prune is given is made of this elsewhere.
 *
 * @module
 */

import type { Random } from '../../../tests/support/random.ts';

/** A segment in the archive. */
export interface LivedSegment {
  readonly timeline: number;
  readonly index: number;
  /** When the last of it was written, and when it came into the archive. */
  readonly writtenHour: number;
  readonly archivedHour: number;
}

/** A backup in the archive. */
export interface LivedBackup {
  /** The order in which it was taken; no two begin in one segment. */
  readonly number: number;
  readonly timeline: number;
  readonly start: number;
  readonly finish: number;
  readonly finishedHour: number;
  readonly parent: LivedBackup | undefined;
  isPermanent: boolean;
  isDamaged: boolean;
}

/** Where a timeline branched off, and when that was told to the archive. */
export interface LivedFork {
  readonly parent: number;
  readonly position: number;
  readonly toldHour: number;
}

/** A backup without a sentinel. */
export interface LivedUnfinished {
  readonly timeline: number;
  readonly index: number;
  readonly parent: LivedBackup | undefined;
  readonly newestHour: number;
}

/** An archive. */
export interface LivedArchive {
  readonly segments: readonly LivedSegment[];
  readonly backups: readonly LivedBackup[];
  /** Without an entry: the first timeline, or one whose history file is missing. */
  readonly forks: ReadonlyMap<number, LivedFork>;
  readonly unfinished: readonly LivedUnfinished[];
  readonly inUse: readonly LivedBackup[];
  readonly heldTimelines: readonly number[];
  readonly nowHour: number;
}

interface Head {
  timeline: number;
  position: number;
}

/** Lives a life. */
export function liveArchive(random: Random): LivedArchive {
  return new Life(random).live();
}

class Life {
  readonly #random: Random;
  readonly #segments = new Map<string, LivedSegment>();
  readonly #backups: LivedBackup[] = [];
  readonly #forks = new Map<number, LivedFork>();
  readonly #unfinished: LivedUnfinished[] = [];
  /** Where each timeline ends. */
  readonly #ends = new Map<number, number>();
  readonly #head: Head;
  #hour = 1;
  #lastTimeline: number;

  constructor(random: Random) {
    this.#random = random;
    const first = random.chance(0.15) ? random.between(2, 5) : 1;
    this.#head = { timeline: first, position: random.between(1, 20) + 0.3 };
    this.#lastTimeline = first;
  }

  live(): LivedArchive {
    const random = this.#random;
    const steps = random.between(3, 45);
    for (let step = 0; step < steps; step += 1) this.#step(random.next());
    const inUse = random.chance(0.1) && this.#backups.length > 0 ? [random.pick(this.#backups)] : [];
    const heldTimelines = random.chance(0.1) ? [random.pick([...this.#ends.keys(), this.#head.timeline])] : [];
    return {
      segments: [...this.#segments.values()],
      backups: this.#backups,
      forks: this.#forks,
      unfinished: this.#unfinished,
      inUse,
      heldTimelines,
      nowHour: this.#hour + (random.chance(0.2) ? random.between(0, 400) : 0),
    };
  }

  #step(choice: number): void {
    const random = this.#random;
    if (choice < 0.4) this.#write(random.between(1, 6));
    else if (choice < 0.58) this.#backUp(undefined);
    else if (choice < 0.7) this.#backUp(this.#parentForDelta());
    else if (choice < 0.75) this.#failOver();
    else if (choice < 0.8) this.#recover();
    else if (choice < 0.82) this.#goBack();
    else if (choice < 0.86) this.#leaveUnfinished();
    else if (choice < 0.9) this.#change((backup) => (backup.isPermanent = true));
    else if (choice < 0.92) this.#change((backup) => (backup.isDamaged = true));
    else if (choice < 0.94) this.#loseHistory();
    else this.#hour += random.between(1, 72);
  }

  /** Writes so many segments to their ends. */
  #write(count: number, head = this.#head): void {
    const random = this.#random;
    for (let left = count; left > 0; left -= 1) {
      this.#hour += random.between(0, 4);
      this.#archive(head.timeline, Math.floor(head.position));
      head.position = Math.floor(head.position) + 1 + 0.2;
      this.#ends.set(head.timeline, head.position);
    }
  }

  #archive(timeline: number, index: number): void {
    const random = this.#random;
    if (random.chance(0.03)) return;
    const late = random.chance(0.05) ? random.between(1, 100) : 0;
    const segment = { timeline, index, writtenHour: this.#hour, archivedHour: this.#hour + late };
    this.#segments.set(`${timeline}/${index}`, segment);
  }

  #backUp(parent: LivedBackup | undefined): void {
    const { timeline } = this.#head;
    // A checkpoint begins it, behind whatever was written.
    if (this.#head.position % 1 > 0.4) this.#write(1);
    this.#head.position = Math.floor(this.#head.position) + 0.4;
    const start = this.#head.position;
    if (this.#backups.some((one) => one.timeline === timeline && Math.floor(one.start) === Math.floor(start))) return;
    this.#write(this.#random.between(0, 2));
    const finish = Math.floor(this.#head.position) + 0.6;
    this.#head.position = finish;
    this.#write(1);
    this.#hour += 1;
    this.#backups.push({
      number: this.#backups.length,
      timeline,
      start,
      finish,
      finishedHour: this.#hour,
      parent,
      isPermanent: false,
      isDamaged: false,
    });
  }

  /** A backup on the line on which the cluster lives; of WAL-G the latest, which may be on one that was left. */
  #parentForDelta(): LivedBackup | undefined {
    const latest = this.#backups.at(-1);
    if (latest !== undefined && this.#random.chance(0.3)) {
      // WAL-G refuses one that ended behind where the new one begins.
      const behind = Math.ceil(latest.finish - this.#head.position);
      if (behind > 0) this.#write(behind);
      return latest;
    }
    const onLine = this.#backups.filter((one) => this.#isOnLine(one.timeline, one.finish));
    if (onLine.length === 0) return undefined;
    return this.#random.chance(0.7) ? onLine.at(-1) : this.#random.pick(onLine);
  }

  #isOnLine(timeline: number, position: number): boolean {
    for (let at: Head = { ...this.#head }; ;) {
      if (at.timeline === timeline) return position <= at.position;
      const fork = this.#forks.get(at.timeline);
      if (fork === undefined) return false;
      at = { timeline: fork.parent, position: Math.min(at.position, fork.position) };
    }
  }

  #fork(parent: number, position: number): void {
    this.#lastTimeline += this.#random.chance(0.1) ? 2 : 1;
    this.#hour += 1;
    this.#forks.set(this.#lastTimeline, { parent, position, toldHour: this.#hour });
    this.#head.timeline = this.#lastTimeline;
    this.#head.position = position;
  }

  /** A replica takes over, which may lag; the old primary may go on for a while. */
  #failOver(): void {
    const { timeline, position } = this.#head;
    const lag = this.#random.chance(0.4) ? this.#random.next() * 4 : 0;
    const begin = this.#forks.get(timeline)?.position ?? 1;
    this.#fork(timeline, Math.max(begin, position - lag));
    if (this.#random.chance(0.3)) this.#write(this.#random.between(1, 3), { timeline, position });
  }

  /** To a place in the past, behind a backup. */
  #recover(): void {
    const candidates = this.#backups.filter((one) => this.#isOnLine(one.timeline, one.finish + 0.3));
    if (candidates.length === 0) return;
    const backup = this.#random.pick(candidates);
    const end = this.#ends.get(backup.timeline) ?? backup.finish + 0.3;
    const behind = this.#random.next() * Math.max(0, Math.min(end, backup.finish + 8) - backup.finish - 0.25);
    const position = backup.finish + 0.2 + behind;
    if (this.#isOnLine(backup.timeline, position)) this.#fork(backup.timeline, position);
  }

  /** From the end of a line that was left. */
  #goBack(): void {
    const left = [...this.#ends].filter(([timeline]) => timeline !== this.#head.timeline);
    if (left.length === 0) return;
    const [timeline, position] = this.#random.pick(left);
    this.#fork(timeline, position);
  }

  #leaveUnfinished(): void {
    const random = this.#random;
    const parent = random.chance(0.5) ? this.#parentForDelta() : undefined;
    const { timeline, position } = this.#head;
    const index = Math.floor(position);
    const isTaken = this.#backups.some((one) => one.timeline === timeline && Math.floor(one.start) === index);
    if (isTaken || this.#unfinished.some((one) => one.timeline === timeline && one.index === index)) return;
    this.#unfinished.push({ timeline, index, parent, newestHour: this.#hour });
    this.#head.position = index + 1.2;
    this.#archive(timeline, index);
    this.#ends.set(timeline, this.#head.position);
  }

  #change(work: (backup: LivedBackup) => void): void {
    if (this.#backups.length > 0) work(this.#random.pick(this.#backups));
  }

  /** The history file of a timeline on which nothing builds yet, and without which a chain could not be told to be on a line. */
  #loseHistory(): void {
    const parents = new Set([...this.#forks.values()].map(({ parent }) => parent));
    for (const { timeline, parent } of [...this.#backups, ...this.#unfinished]) {
      if (parent !== undefined && parent.timeline !== timeline) parents.add(timeline);
    }
    const leaves = [...this.#forks.keys()].filter(
      (timeline) => !parents.has(timeline) && timeline !== this.#head.timeline,
    );
    if (leaves.length > 0) this.#forks.delete(this.#random.pick(leaves));
  }
}
