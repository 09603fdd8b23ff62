/**
 * The WAL of an archive with the times at which the store was given it, and whose it is.
 *
 * @module
 */

import { readFirstBytes } from '../archive/archive-identity.ts';
import { Failure } from '../base/failure.ts';
import { rangesByTimeline, type SegmentRange } from '../history/archived-wal.ts';
import { readSegmentHeader } from '../postgres/wal-records/page-header.ts';
import { walSegmentSize, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf, type WalFile } from '../walg/object-names.ts';

/** What there is of WAL. */
export interface ListedWal {
  /** For each timeline its segments. */
  readonly segments: ReadonlyMap<number, readonly SegmentRange[]>;
  /** For each timeline when its last segment, or its history file, came to the archive; in ms since 1970. */
  readonly newestMs: ReadonlyMap<number, number>;
  readonly historyTimelines: readonly number[];
  /** When the newest of all objects was written. */
  readonly newestAt: Date;
  /** What the oldest and the newest segment say of the cluster; `undefined` if there is no segment. */
  readonly head: WalHead | undefined;
}

/** What the first page of a segment says of its cluster. */
export interface WalHead {
  readonly segmentSizeBytes: WalSegmentSizeBytes;
  readonly systemIdentifier: bigint;
}

/** So many segments are tried for a first page before giving up. */
const PROBES = 3;

/** Lists it. @throws {Failure} `refused` if it is of two clusters, `corrupt` if no segment can be read. */
export async function listWalForPrune(store: ObjectStore, options: CallOptions = {}): Promise<ListedWal> {
  const names = new Set<string>();
  const ends = new TimelineEnds();
  const historyTimelines = new Set<number>();
  const oldest: ObjectInfo[] = [];
  const newest: ObjectInfo[] = [];
  let newestAt = new Date(0);
  for await (const object of store.list(WAL_FOLDER, options)) {
    if (object.modifiedAt > newestAt) newestAt = object.modifiedAt;
    const file = walFileOf(object.key);
    if (file === undefined || file.kind === 'backupHistory') continue;
    const timeline = Number.parseInt(file.fileName.slice(0, 8), 16);
    ends.see(timeline, file, object.modifiedAt.getTime());
    if (file.kind === 'history') historyTimelines.add(timeline);
    if (file.kind !== 'segment') continue;
    names.add(file.fileName);
    keepOutermost(oldest, object, (a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime());
    keepOutermost(newest, object, (a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime());
  }
  const head = names.size === 0 ? undefined : await agreedHead(store, [oldest, newest], options);
  return {
    segments: head === undefined ? new Map() : rangesByTimeline(names, head.segmentSizeBytes),
    newestMs: ends.newestMs,
    newestAt,
    historyTimelines: [...historyTimelines].toSorted((a, b) => a - b),
    head,
  };
}

/**
 * When each timeline got its last WAL. The last segment tells, not the one that came last: one that was pushed again to
 * heal a hole says nothing of how long the timeline lived.
 */
class TimelineEnds {
  readonly newestMs = new Map<number, number>();
  readonly #last = new Map<number, { name: string; ms: number }>();
  readonly #historyMs = new Map<number, number>();

  /** Objects come in the order of their keys, and so in that of segments. */
  see(timeline: number, { kind, fileName }: WalFile, ms: number): void {
    if (kind === 'history') this.#historyMs.set(timeline, Math.max(ms, this.#historyMs.get(timeline) ?? 0));
    else {
      const name = fileName.slice(0, 24);
      const before = this.#last.get(timeline);
      this.#last.set(timeline, { name, ms: before?.name === name ? Math.max(before.ms, ms) : ms });
    }
    this.newestMs.set(timeline, Math.max(this.#last.get(timeline)?.ms ?? 0, this.#historyMs.get(timeline) ?? 0));
  }
}

/** Keeps the first few by an order. */
function keepOutermost(kept: ObjectInfo[], object: ObjectInfo, order: (a: ObjectInfo, b: ObjectInfo) => number): void {
  const last = kept.at(-1);
  if (last !== undefined && kept.length === PROBES && order(object, last) >= 0) return;
  kept.push(object);
  kept.sort(order);
  if (kept.length > PROBES) kept.pop();
}

async function agreedHead(
  store: ObjectStore,
  groups: readonly (readonly ObjectInfo[])[],
  options: CallOptions,
): Promise<WalHead> {
  const heads = await Promise.all(groups.map(async (group) => firstReadableHead(store, group, options)));
  const [one, other] = heads.filter((head) => head !== undefined);
  if (one === undefined) {
    throw new Failure('corrupt', {
      message: `cannot tell which WAL is needed: none of ${PROBES} segments in ${store.address} has a first page`,
      remedy: 'Look at the archive: walkback verify',
    });
  }
  if (other === undefined) return one;
  if (one.systemIdentifier === other.systemIdentifier && one.segmentSizeBytes === other.segmentSizeBytes) return one;
  throw new Failure('refused', {
    message: 'cannot tell which WAL is needed: the archive holds WAL of two clusters',
    remedy: 'Give each cluster an archive of its own. Until then, delete by hand what is of the other one.',
    facts: [one, other].map(({ systemIdentifier }) => `system identifier ${systemIdentifier}`),
  });
}

async function firstReadableHead(
  store: ObjectStore,
  objects: readonly ObjectInfo[],
  options: CallOptions,
): Promise<WalHead | undefined> {
  for (const { key } of objects) {
    const bytes = await readFirstBytes(store, key, options).catch((error: unknown) => {
      if (error instanceof Failure && error.kind === 'corrupt') return undefined;
      throw error;
    });
    const header = bytes === undefined ? undefined : readSegmentHeader(bytes);
    if (header === undefined || 'problem' in header) continue;
    return {
      segmentSizeBytes: walSegmentSize(header.segmentSizeBytes),
      systemIdentifier: header.systemIdentifier,
    };
  }
  return undefined;
}
