/**
 * The number of the next timeline: chosen by us before the server chooses, and reserved in the archive, so that two
 * recoveries can never open two histories of one number.
 *
 * It is above all that the archive has, so that whoever follows `latest` follows it, also where history files are missing.
 *
 * A server that ends recovery takes the first number above its own that has no history file in the archive or in its
 * `pg_wal`. Numbers that another recovery has reserved, but that are in no archive (yet), are made known to it by a history
 * file in `pg_wal`.
 *
 * Source: `src/backend/access/transam/timeline.c` (`findNewestTimeLine`, `existsTimeLineHistory`).
 *
 * @module
 */

import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { formatHistoryName, parseHistoryName, type TimelineHistory } from '../postgres/timeline-history.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';

/** Reservations: one object a number, written only if it is absent, never deleted. */
export const RESERVATIONS_FOLDER = 'walkback_001/timelines/';

/** Numbers a cluster cannot have more of in one place without something being wrong. */
const MOST_TRIED = 10_000;

/** What to reserve for. */
export interface TimelineRequest {
  /** The archive that will hold the new timeline; `undefined`: none, and nothing is reserved. */
  readonly store: ObjectStore | undefined;
  /** The line that the new timeline branches off. */
  readonly line: TimelineHistory;
  /** `<recovery id>` or `<recovery id>-undo`: a reservation under this name is ours. */
  readonly holder: string;
  /** `pg_wal` of the server that will be promoted. */
  readonly walDirectory: string;
  /** Timelines of the archive that the server replays from, where that is another one: it passes over these by itself. */
  readonly replayedFrom?: readonly number[];
}

function reservationKey(timeline: number): string {
  return `${RESERVATIONS_FOLDER}${formatHistoryName(timeline).slice(0, 8)}`;
}

/** True if the reservation is ours now, or was already. */
async function reserve(store: ObjectStore, timeline: number, holder: string): Promise<boolean> {
  const key = reservationKey(timeline);
  const outcome = await store.put(key, Buffer.from(holder), { ifAbsent: true });
  if (outcome === 'written') return true;
  return (await store.get(key))?.toString() === holder;
}

/** Whether a number was reserved for this holder. */
export async function isReservedFor(store: ObjectStore, timeline: number, holder: string): Promise<boolean> {
  return (await store.get(reservationKey(timeline)))?.toString() === holder;
}

/** A history file for a number that is taken: the server that is going to be promoted passes over it. */
async function writePlaceholder(request: TimelineRequest, timeline: number): Promise<void> {
  const { line, walDirectory } = request;
  const ancestors = line.ancestors.map((one) => `${one.timeline}\t${formatLsn(one.switchLsn)}\t${one.reason}\n`);
  const text = `${ancestors.join('')}# reserved by another recovery, not opened\n`;
  await writeFileDurably(join(walDirectory, formatHistoryName(timeline)), Buffer.from(text));
}

/**
 * Reserves the number that the server will take. Called again by the same holder, it answers the same number.
 *
 * @throws {Failure} what the store throws.
 */
export async function reserveTimeline(request: TimelineRequest): Promise<number> {
  const { store, line, holder } = request;
  const archived = store === undefined ? [] : await archivedTimelines(store);
  const seen = request.replayedFrom ?? archived;
  const newest = Math.max(0, ...archived, ...seen);
  for (let timeline = line.timeline + 1; timeline <= line.timeline + MOST_TRIED; timeline += 1) {
    if (seen.includes(timeline)) continue;
    // Below the newest, `latest` would go on meaning that one, and not the timeline that is opened now.
    const isFree = timeline > newest && (store === undefined || (await reserve(store, timeline, holder)));
    if (isFree) return timeline;
    await writePlaceholder(request, timeline);
  }
  throw new Failure('conflict', {
    message: `cannot find a free timeline number above ${line.timeline} in ${store?.address ?? 'the archive'}`,
    remedy: 'Look at the history files there; so many cannot be of one cluster.',
  });
}

/**
 * Every timeline with a history file in the archive, ascending.
 *
 * A timeline's history file sorts in front of its segments (`.` before the digits), so these are passed over: two listings
 * a timeline, not one entry a segment.
 */
export async function archivedTimelines(store: ObjectStore): Promise<number[]> {
  const found: number[] = [];
  let after: string | undefined = WAL_FOLDER;
  while (after !== undefined) {
    const fileName = await firstFileBehind(store, after);
    const timeline = fileName === undefined ? undefined : parseHistoryName(fileName);
    if (timeline !== undefined) found.push(timeline);
    after = fileName === undefined ? undefined : `${WAL_FOLDER}${behind(fileName, timeline !== undefined)}`;
  }
  return found;
}

async function firstFileBehind(store: ObjectStore, after: string): Promise<string | undefined> {
  for await (const { key } of store.list(WAL_FOLDER, { after })) {
    const file = walFileOf(key);
    if (file !== undefined) return file.fileName;
  }
  return undefined;
}

/** Sorts behind the history file under every compression, or behind all files of the timeline. */
function behind(fileName: string, isHistory: boolean): string {
  return isHistory ? `${fileName}~` : `${fileName.slice(0, 8)}~`;
}
