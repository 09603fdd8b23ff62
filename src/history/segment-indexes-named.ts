/**
 * The index of one segment that is known by its name alone, made and stored.
 *
 * @module
 */

import { findWalObjects } from '../archive/read-wal-file.ts';
import { parseSegmentName, segmentStart, walSegmentSize } from '../postgres/wal-segment.ts';
import { readSegmentHeader } from '../postgres/wal-records/page-header.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { decodeSegmentIndexSummary } from '../wal-index/decode.ts';
import { indexFolderOf, segmentIndexKey, segmentOfIndexKey } from '../wal-index/index-object.ts';
import type { SegmentIndexSummary } from '../wal-index/segment-index.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import { headStop } from './segment-indexes-make.ts';
import type { IndexMakers } from './segment-indexes-makers.ts';
import { SegmentSource } from './segment-source.ts';

/** What it takes. */
export interface NamedSegmentOptions {
  readonly store: ObjectStore;
  /** The server's: the segment is read there. Otherwise it is read in the archive. */
  readonly pgWal?: string | undefined;
  readonly makers: IndexMakers;
  readonly systemIdentifier: bigint | undefined;
  /** Told what the index says, when it is stored. Must not throw. */
  readonly onStored?: ((summary: SegmentIndexSummary) => void) | undefined;
  readonly signal: AbortSignal;
}

/** An archive that is behind by more is for somebody who waits for it. */
const MOST_BEHIND = 256;

/**
 * Makes and stores the index of a segment.
 *
 * @returns false if there is none to be made: the file is gone, is another's by now, or cannot be read to its end.
 * @throws what the store throws.
 */
export async function indexNamedSegment(options: NamedSegmentOptions, fileName: string): Promise<boolean> {
  const { store, pgWal, makers, systemIdentifier, signal } = options;
  const source = new SegmentSource({ store, pgWal });
  const found = await source.read(fileName, signal, pgWal === undefined ? 'archive' : 'pgWal');
  const header = found === undefined ? undefined : readSegmentHeader(found.bytes);
  if (found === undefined || header === undefined || 'problem' in header) return false;
  const segmentSizeBytes = walSegmentSize(header.segmentSizeBytes);
  const segment = parseSegmentName(fileName, segmentSizeBytes);
  if (segment === undefined) return false;
  const named = { fileName, startLsn: segmentStart(segment, segmentSizeBytes) };
  const expected = { systemIdentifier: systemIdentifier ?? header.systemIdentifier, segmentSizeBytes };
  if (headStop(found.bytes, named, expected) !== undefined) return false;
  const objectBytes = await objectBytesOf(store, fileName, signal);
  const { object, stopKind } = await makers.make({ ...named, ...found, objectBytes });
  if (stopKind !== undefined) return false;
  const key = segmentIndexKey(fileName);
  await store.put(key, object, { signal });
  options.onStored?.(decodeSegmentIndexSummary(object, key));
  return true;
}

/** The size of a segment's object; `undefined` where it is not there, or more than once. */
async function objectBytesOf(store: ObjectStore, fileName: string, signal: AbortSignal): Promise<number | undefined> {
  const names = await findWalObjects(store, fileName, signal);
  const [only] = names;
  return only === undefined || names.length > 1 ? undefined : (await store.stat(only.key, { signal }))?.sizeBytes;
}

/**
 * The archived segments of a timeline that come behind its last index: what an agent that ended had not indexed yet. None
 * if there is no index at all, or too much is missing: then nobody has kept up with it, and `history index` does.
 */
export async function segmentsBehindIndexes(
  store: ObjectStore,
  timeline: number,
  signal: AbortSignal,
): Promise<string[]> {
  const folder = indexFolderOf(timeline);
  let last: string | undefined;
  for await (const { key } of store.list(folder, { signal })) last = segmentOfIndexKey(key) ?? last;
  if (last === undefined) return [];
  const behind = new Set<string>();
  const prefix = `${WAL_FOLDER}${last.slice(0, 8)}`;
  for await (const { key } of store.list(prefix, { signal, after: `${WAL_FOLDER}${last}` })) {
    const file = walFileOf(key);
    if (file?.kind === 'segment' && file.fileName > last) behind.add(file.fileName);
  }
  return behind.size > MOST_BEHIND ? [] : [...behind];
}
