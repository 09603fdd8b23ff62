/**
 * Whether the archive goes on behind a segment that is missing: the difference between the end of the archive and a hole.
 *
 * A segment of timeline T is in a hole when the archive holds anything of T behind it, or when a timeline branched off T
 * behind it: T's WAL up to there has existed. A branch *inside* the missing segment proves nothing: a server that died
 * left only part of it, and its child's own copy holds that part. A later timeline whose history file is missing may
 * descend from T or not; then nothing is proven either way, which is a failure and not an answer.
 *
 * Asks for one listing page a timeline, never for the whole folder.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineSwitch } from '../postgres/timeline-history.ts';
import { parseSegmentName, segmentStart, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf, type WalFile } from '../walg/object-names.ts';
import { readWalFile } from './read-wal-file.ts';

/** Sorts behind every character that a WAL object's name has. */
const AFTER_ALL = '~';

async function firstFile(
  store: ObjectStore,
  prefix: string,
  after: string,
  options: CallOptions,
): Promise<WalFile | undefined> {
  for await (const { key } of store.list(WAL_FOLDER + prefix, { ...options, after: WAL_FOLDER + after })) {
    const file = walFileOf(key);
    if (file !== undefined) return file;
  }
  return undefined;
}

function timelineName(timeline: number): string {
  return formatHistoryName(timeline).slice(0, 8);
}

/** The first file of the archive that belongs to a later timeline than `timeline`. */
async function nextTimeline(store: ObjectStore, timeline: number, options: CallOptions): Promise<number | undefined> {
  const file = await firstFile(store, '', timelineName(timeline) + AFTER_ALL, options);
  return file === undefined ? undefined : Number.parseInt(file.fileName.slice(0, 8), 16);
}

interface Missing {
  readonly fileName: string;
  readonly timeline: number;
  /** First byte behind it. */
  readonly endLsn: Lsn;
}

function isBehind(missing: Missing, fork: TimelineSwitch): boolean {
  return fork.timeline === missing.timeline && fork.switchLsn >= missing.endLsn;
}

async function evidenceOf(
  store: ObjectStore,
  child: number,
  missing: Missing,
  options: CallOptions,
): Promise<string | undefined> {
  const name = formatHistoryName(child);
  const history = await readWalFile(store, name, options);
  if (history !== undefined) {
    const { ancestors } = parseTimelineHistory(child, history.bytes.toString('utf8'));
    const fork = ancestors.find((ancestor) => isBehind(missing, ancestor));
    return fork && `${name}: it branched off timeline ${missing.timeline} at ${formatLsn(fork.switchLsn)}`;
  }
  const segment = timelineName(child) + missing.fileName.slice(8);
  const later = await firstFile(store, timelineName(child), segment + AFTER_ALL, options);
  if (later === undefined) return undefined;
  throw new Failure('refused', {
    message: `cannot tell whether ${missing.fileName} is the end of the archive: ${later.fileName} is later, and ${name}, which would tell whether it follows, is missing`,
    remedy: `Put ${name} back: it is in pg_wal of any server that has been on timeline ${child}.`,
  });
}

/**
 * Makes sure that there is an archive to be at the end of. A store that shows nothing at all has the wrong address, or
 * lies: every recovery begins with a backup, whose WAL an archive holds.
 */
async function refuseEmptyArchive(store: ObjectStore, fileName: string, options: CallOptions): Promise<void> {
  if ((await firstFile(store, '', '', options)) !== undefined) return;
  throw new Failure('refused', {
    message: `cannot tell whether ${fileName} is the end of the archive: ${store.address} holds no WAL at all`,
    remedy: 'Check the address of the archive, and that its credentials may list it.',
  });
}

/**
 * What of the archive is later than a segment on its line of history, in words for a message; `undefined` if nothing is,
 * so that the segment before it is the end.
 *
 * @param fileName a segment that is absent.
 * @throws {Failure} `refused` if it cannot be told, and what the store throws.
 */
export async function findLaterWal(
  store: ObjectStore,
  fileName: string,
  size: WalSegmentSizeBytes,
  options: CallOptions = {},
): Promise<string | undefined> {
  const segment = parseSegmentName(fileName, size);
  if (segment === undefined) return undefined;
  const same = await firstFile(store, fileName.slice(0, 8), fileName + AFTER_ALL, options);
  if (same !== undefined && same.kind !== 'history') return same.fileName;
  await refuseEmptyArchive(store, fileName, options);
  const endLsn = lsn(segmentStart(segment, size) + BigInt(size));
  const missing = { fileName, timeline: segment.timeline, endLsn };
  let child = await nextTimeline(store, segment.timeline, options);
  while (child !== undefined) {
    const evidence = await evidenceOf(store, child, missing, options);
    if (evidence !== undefined) return evidence;
    child = await nextTimeline(store, child, options);
  }
  return undefined;
}
