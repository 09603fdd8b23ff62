/**
 * Opens the book of names for a span of a line of history: with the snapshots that lie on it.
 *
 * @module
 */

import { listCatalogSnapshots, readCatalogSnapshot, type SnapshotPlace } from '../../archive/catalog-snapshots.ts';
import { Failure } from '../../base/failure.ts';
import type { CatalogSnapshot } from '../../postgres/catalog-snapshot.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import { isOnLine, type TimelineHistory } from '../../postgres/timeline-history.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { NameBook } from './name-book.ts';

/** Which names are wanted. */
export interface OpenNamesRequest {
  /** `undefined`: there is no archive, only `extra`. */
  readonly store: ObjectStore | undefined;
  readonly line: TimelineHistory;
  /** Where reading begins and ends. Without an end: to the last snapshot. */
  readonly fromLsn: Lsn;
  readonly toLsn?: Lsn | undefined;
  /** Of which cluster; snapshots of others are passed over. */
  readonly systemIdentifier?: bigint | undefined;
  /** What a server or rehearsal said of its names just now. It counts although it lies on another line, behind all others. */
  readonly extra?: CatalogSnapshot | undefined;
  /** An object could not be used. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How many snapshots inside the span are read, and how many bytes of them: the changes between them are in the WAL. The
 * last one before, the last one inside, and the first one behind are always read.
 */
const MOST_INSIDE = 16;
const MOST_BYTES_INSIDE = 4 * 1024 * 1024;

/**
 * Opens it. Without any snapshot the book is empty, and what the WAL says fills it.
 *
 * @throws {Failure} `refused` if `extra` is of another cluster, and what the store throws.
 */
export async function openNames(request: OpenNamesRequest): Promise<NameBook> {
  const { store, signal, onWarning = () => {}, systemIdentifier, extra } = request;
  const book = new NameBook();
  const options = signal === undefined ? {} : { signal };
  const places = store === undefined ? [] : choosePlaces(await listCatalogSnapshots(store, options), request);
  for (const place of store === undefined ? [] : places) {
    const snapshot = store && (await readCatalogSnapshot(store, place, onWarning, options));
    if (snapshot === undefined) continue;
    if (systemIdentifier === undefined || snapshot.systemIdentifier === systemIdentifier) book.addSnapshot(snapshot);
    else onWarning(`${place.key} is passed over: it is of system ${snapshot.systemIdentifier}`);
  }
  if (extra !== undefined) addExtraNames(book, extra, request);
  return book;
}

/** The snapshots of the line that help in the span, oldest first. */
export function choosePlaces(
  places: readonly SnapshotPlace[],
  { line, fromLsn, toLsn }: Pick<OpenNamesRequest, 'line' | 'fromLsn' | 'toLsn'>,
): SnapshotPlace[] {
  const onLine = places
    .filter(({ timeline, lsn }) => isOnLine(line, timeline, lsn))
    .toSorted((a, b) => Number(a.lsn - b.lsn));
  const before = onLine.filter(({ lsn }) => lsn < fromLsn);
  const inside = onLine.filter(({ lsn }) => lsn >= fromLsn && (toLsn === undefined || lsn <= toLsn));
  const behind = onLine.filter(({ lsn }) => toLsn !== undefined && lsn > toLsn);
  const largestBytes = Math.max(1, ...inside.map(({ sizeBytes }) => sizeBytes));
  const most = Math.max(1, Math.min(MOST_INSIDE, Math.floor(MOST_BYTES_INSIDE / largestBytes)));
  const step = Math.max(1, Math.ceil(inside.length / most));
  // The last one inside knows most of what came before it.
  const chosen = inside.filter((_, index) => (inside.length - 1 - index) % step === 0);
  return [...before.slice(-1), ...chosen, ...behind.slice(0, 1)];
}

/**
 * Adds what a server or rehearsal said of its names, behind the snapshots of the archive.
 *
 * @throws {Failure} `refused` if it is of another cluster.
 */
export function addExtraNames(
  book: NameBook,
  extra: CatalogSnapshot,
  { systemIdentifier, line }: Pick<OpenNamesRequest, 'systemIdentifier' | 'line'>,
): void {
  if (systemIdentifier !== undefined && extra.systemIdentifier !== systemIdentifier) {
    throw new Failure('refused', {
      message: `cannot take names from that server: it is of system ${extra.systemIdentifier}, and the WAL of ${systemIdentifier}`,
      remedy: 'Name a server, or a rehearsal, of the cluster whose archive this is.',
    });
  }
  if (isOnLine(line, extra.timeline, extra.lsn)) book.addSnapshot(extra);
  else book.addHint(extra);
}
