/**
 * The objects of WAL, for each timeline in the order of its segments.
 *
 * @module
 */

import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { parseSegmentName, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';

/** One segment, and the objects that hold it: one, unless it was archived again with another compression. */
export interface ListedSegment {
  readonly name: string;
  readonly index: bigint;
  readonly objects: readonly ObjectInfo[];
}

/** The WAL of an archive, by its objects. */
export interface ListedSegments {
  readonly segments: ReadonlyMap<number, readonly ListedSegment[]>;
  readonly histories: readonly ObjectInfo[];
}

/** Lists it. */
export async function listSegments(
  store: ObjectStore,
  size: WalSegmentSizeBytes,
  options: CallOptions = {},
): Promise<ListedSegments> {
  const segments = new Map<number, { name: string; index: bigint; objects: ObjectInfo[] }[]>();
  const histories: ObjectInfo[] = [];
  for await (const object of store.list(WAL_FOLDER, options)) {
    const file = walFileOf(object.key);
    if (file?.kind === 'history') histories.push(object);
    const segment = file?.kind === 'segment' ? parseSegmentName(file.fileName, size) : undefined;
    if (file === undefined || segment === undefined) continue;
    const own = segments.get(segment.timeline) ?? [];
    segments.set(segment.timeline, own);
    // Keys come in order, and so do the names that they begin with.
    const last = own.at(-1);
    if (last?.name === file.fileName) last.objects.push(object);
    else own.push({ name: file.fileName, index: segment.index, objects: [object] });
  }
  return { segments, histories };
}
