/**
 * The objects of WAL, and what this program keeps about them, that are not needed: one listing after another, oldest
 * segment of a timeline first.
 *
 * History files always stay. Objects whose name says nothing of a segment are left alone. WAL-G's `_delta` and `.json`
 * objects tell of 16 segments and go with the last of these. What came after it was decided stays: a server that was thought
 * to be gone may archive again, and a hole that was healed may let its timeline live longer than was known.
 *
 * Source: WAL-G `internal/databases/postgres/wal_delta_file.go`, `wal_metadata_uploader.go`.
 *
 * @module
 */

import type { SegmentRange } from '../history/archived-wal.ts';
import { formatSegmentName, parseSegmentName, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import type { PruneDecision } from './decide-prune.ts';
import type { GatheredFacts } from './gather-facts.ts';
import { goingOwn } from './going-own.ts';

/** An object that goes. */
export interface GoingObject {
  readonly key: string;
  readonly sizeBytes: number;
}

const DELTA_SEGMENTS = 16n;
const DELTA_NAME = /^([0-9A-F]{24})_delta(?:\.[a-z0-9]*)?$/;
const METADATA_NAME = /^([0-9A-F]{23})([0-9A-F]?)\.json$/;

/** The segments that an object of `wal_005/` tells of; `undefined` if it is none that goes with segments. */
export function segmentsOfWalObject(
  key: string,
  size: WalSegmentSizeBytes,
): { timeline: number; firstIndex: bigint; lastIndex: bigint } | undefined {
  const file = walFileOf(key);
  if (file?.kind === 'history') return undefined;
  const objectName = key.slice(WAL_FOLDER.length);
  const [, delta] = DELTA_NAME.exec(objectName) ?? [];
  const [, most, last] = METADATA_NAME.exec(objectName) ?? [];
  const name = file?.fileName.slice(0, 24) ?? delta ?? (most === undefined ? undefined : `${most}${last || '0'}`);
  const segment = name === undefined ? undefined : parseSegmentName(name, size);
  if (segment === undefined) return undefined;
  const isOfMany = delta !== undefined || last === '';
  const lastIndex = isOfMany ? segment.index + DELTA_SEGMENTS - 1n : segment.index;
  return { timeline: segment.timeline, firstIndex: segment.index, lastIndex };
}

function timelinePrefix(timeline: number): string {
  return `${WAL_FOLDER}${timeline.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** The objects that go. */
export async function* goingWal(
  store: ObjectStore,
  gathered: GatheredFacts,
  decision: PruneDecision,
  options: CallOptions = {},
): AsyncGenerator<GoingObject> {
  const { facts, newestWalAt } = gathered;
  const { neededWal, hasNothingToRestore } = decision;
  if (hasNothingToRestore) return;
  const size = facts.segmentSizeBytes;
  for (const { timeline, segments: known } of facts.timelines) {
    for await (const { key, sizeBytes, modifiedAt } of store.list(timelinePrefix(timeline), options)) {
      const segments = segmentsOfWalObject(key, size);
      if (segments === undefined || neededWal.needs(timeline, segments.firstIndex, segments.lastIndex)) continue;
      // Times of some stores are whole seconds: a segment must have been in the listing as well.
      const isNew = walFileOf(key)?.kind === 'segment' && !isWithin(known, segments.firstIndex);
      if (modifiedAt > newestWalAt || isNew) continue;
      yield { key, sizeBytes };
    }
  }
  for await (const { key, sizeBytes } of goingOwn(store, gathered, decision, options)) yield { key, sizeBytes };
}

function isWithin(ranges: readonly SegmentRange[], index: bigint): boolean {
  return ranges.some(({ firstIndex, lastIndex }) => firstIndex <= index && index <= lastIndex);
}

/** `000000010000000000000002`, for messages. */
export function segmentNameAt(timeline: number, index: bigint, size: WalSegmentSizeBytes): string {
  return formatSegmentName({ timeline, index }, size);
}
