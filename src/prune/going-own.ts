/**
 * What this program keeps about backups and WAL that are not there any more: nobody needs it.
 *
 * @module
 */

import type { SnapshotPlace } from '../archive/catalog-snapshots.ts';
import { indexFolder } from '../backup/own-objects.ts';
import { isOnLine } from '../postgres/timeline-history.ts';
import { parseSegmentName, segmentAt, type WalSegmentSizeBytes } from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { backupOfLedgerKey, parseWalLedgerKey } from '../verify/ledger-object.ts';
import { indexFolderOf, segmentOfIndexKey } from '../wal-index/index-object.ts';
import type { PruneDecision } from './decide-prune.ts';
import type { GatheredFacts } from './gather-facts.ts';

/** An index whose segment is missing for so long is of no use. */
const ORPHAN_AFTER_MS = 24 * 3_600_000;

type Going = Pick<ObjectInfo, 'key' | 'sizeBytes'>;

/** The objects that go. Those of backups that go now are not among them: they go with these. */
export async function* goingOwn(
  store: ObjectStore,
  { facts, own, unfinished }: GatheredFacts,
  decision: PruneDecision,
  options: CallOptions = {},
): AsyncGenerator<Going> {
  const { neededWal } = decision;
  const size = facts.segmentSizeBytes;
  for (const timeline of own.indexedTimelines) {
    const segments = facts.timelines.find((one) => one.timeline === timeline)?.segments ?? [];
    for await (const object of store.list(indexFolderOf(timeline), options)) {
      const index = parseSegmentName(segmentOfIndexKey(object.key) ?? '', size)?.index;
      if (index === undefined) continue;
      const isHeld = segments.some(({ firstIndex, lastIndex }) => firstIndex <= index && index <= lastIndex);
      // One that is new may be of a segment that came after the listing.
      const isOrphan = !isHeld && facts.nowMs - object.modifiedAt.getTime() > ORPHAN_AFTER_MS;
      if (isOrphan || !neededWal.needs(timeline, index)) yield object;
    }
  }
  yield* goingNames(own.names, facts.timelines, decision, size);
  const there = new Set([...facts.backups, ...unfinished.unfinished].map(({ name }) => name));
  for (const name of own.indexedBackups) if (!there.has(name)) yield* store.list(indexFolder(name), options);
  const kept = new Set(decision.kept.map(({ backup }) => backup.name));
  for (const ledger of own.ledgers) if (isOfNothing(ledger.key, kept, decision, size)) yield ledger;
}

/** True for a ledger of a backup, or of 4 GiB of WAL, of which nothing stays. */
function isOfNothing(
  key: string,
  kept: ReadonlySet<string>,
  { neededWal }: PruneDecision,
  size: WalSegmentSizeBytes,
): boolean {
  const name = backupOfLedgerKey(key);
  if (name !== undefined) return !kept.has(name);
  const wal = parseWalLedgerKey(key);
  if (wal === undefined) return false;
  const perLedger = (1n << 32n) / BigInt(size);
  const firstIndex = BigInt(`0x${wal.high}`) * perLedger;
  return !neededWal.needs(wal.timeline, firstIndex, firstIndex + perLedger - 1n);
}

/**
 * Snapshots of names that no WAL which stays begins with: those of segments that go, but for the last one of each line
 * before its first segment, and those of timelines that have not begun to archive.
 */
function goingNames(
  places: readonly SnapshotPlace[],
  timelines: GatheredFacts['facts']['timelines'],
  { neededWal, lines }: Pick<PruneDecision, 'neededWal' | 'lines'>,
  size: WalSegmentSizeBytes,
): SnapshotPlace[] {
  const indexOf = (place: SnapshotPlace): bigint => segmentAt(place.timeline, place.lsn, size).index;
  const newestTimeline = Math.max(0, ...timelines.map(({ timeline }) => timeline));
  const first = new Set(
    lines.map(({ line, firstIndex }) =>
      places
        .filter((place) => indexOf(place) < firstIndex && isOnLine(line, place.timeline, place.lsn))
        .toSorted((a, b) => (a.lsn < b.lsn ? -1 : 1))
        .at(-1),
    ),
  );
  return places.filter(
    (place) =>
      !first.has(place) && place.timeline <= newestTimeline && !neededWal.needs(place.timeline, indexOf(place)),
  );
}
