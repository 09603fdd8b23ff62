/**
 * `wal-g wal-show`: the segments of the archive, timeline by timeline, with what is missing.
 *
 * Source: WAL-G `internal/databases/postgres/wal_show_handler.go`.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { formatLsn, lsn, type Lsn } from '../../../postgres/lsn.ts';
import { formatSegmentName, segmentAt } from '../../../postgres/wal-segment.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { formatJson64, type JsonObject } from '../../../walg/json64.ts';
import { detailsOfAll, listedBackups, type BackupDetails } from '../backup-details.ts';
import { missingSegments, readHistoryOf, readWalTimelines, type WalTimelines } from '../wal-timelines.ts';
import type { WalgCommand } from '../walg-command.ts';
import { boxedTable } from '../walg-tables.ts';

interface ShownTimeline {
  readonly id: number;
  readonly parentId: number;
  readonly switchLsn: Lsn;
  readonly startSegment: string;
  readonly endSegment: string;
  readonly segmentsCount: number;
  readonly missing: readonly string[];
  readonly rangeSize: number;
  readonly backups: readonly BackupDetails[];
}

async function shownTimelines(
  store: ObjectStore,
  wal: WalTimelines,
  backups: readonly BackupDetails[],
  signal: AbortSignal,
): Promise<ShownTimeline[]> {
  const size = wal.segmentSizeBytes;
  const shown: ShownTimeline[] = [];
  for (const [timeline, ranges] of [...wal.segments].toSorted(([a], [b]) => a - b)) {
    const first = ranges[0]?.firstIndex ?? 0n;
    const last = ranges.at(-1)?.lastIndex ?? first;
    const history = wal.historyTimelines.includes(timeline) ? await readHistoryOf(store, timeline, signal) : undefined;
    const parent = history?.ancestors.at(-1);
    const startSegment = formatSegmentName({ timeline, index: first }, size);
    const endSegment = formatSegmentName({ timeline, index: last }, size);
    const nameAt = (position: Lsn): string => formatSegmentName(segmentAt(timeline, position, size), size);
    const ofTimeline = backups.filter(
      ({ name, metadata }) =>
        Number.parseInt(name.slice(5, 13), 16) === timeline &&
        nameAt(metadata.startLsn) >= startSegment &&
        nameAt(metadata.finishLsn) <= endSegment,
    );
    shown.push({
      id: timeline,
      parentId: parent?.timeline ?? 0,
      switchLsn: parent?.switchLsn ?? lsn(0n),
      startSegment,
      endSegment,
      segmentsCount: ranges.reduce((sum, range) => sum + Number(range.lastIndex - range.firstIndex) + 1, 0),
      missing: missingSegments(timeline, ranges, size),
      rangeSize: Number(last - first) + 1,
      backups: ofTimeline,
    });
  }
  return shown;
}

const statusOf = ({ missing }: ShownTimeline): string => (missing.length === 0 ? 'OK' : 'LOST_SEGMENTS');

function jsonOf(one: ShownTimeline): JsonObject {
  return {
    id: one.id,
    parent_id: one.parentId,
    switch_point_lsn: one.switchLsn,
    start_segment: one.startSegment,
    end_segment: one.endSegment,
    segments_count: one.segmentsCount,
    missing_segments: one.missing,
    backups: one.backups.length === 0 ? undefined : one.backups.map(({ json }) => json),
    segment_range_size: one.rangeSize,
    status: statusOf(one),
  };
}

function tableOf(timelines: readonly ShownTimeline[], withBackups: boolean): string {
  const columns = [
    { title: 'TLI', isRight: true },
    { title: 'PARENT TLI', isRight: true },
    { title: 'SWITCHPOINT LSN', isRight: true },
    { title: 'START SEGMENT' },
    { title: 'END SEGMENT' },
    { title: 'SEGMENT RANGE', isRight: true },
    { title: 'SEGMENTS COUNT', isRight: true },
    { title: 'STATUS' },
    ...(withBackups ? [{ title: 'BACKUPS COUNT', isRight: true }] : []),
  ];
  const rows = timelines.map((one) => [
    String(one.id),
    String(one.parentId),
    formatLsn(one.switchLsn),
    one.startSegment,
    one.endSegment,
    String(one.rangeSize),
    String(one.segmentsCount),
    statusOf(one),
    ...(withBackups ? [String(one.backups.length)] : []),
  ]);
  return boxedTable(columns, rows);
}

/** The command. */
export const walShow: WalgCommand = {
  words: 'wal-show',
  summary: 'Show storage WAL segments info grouped by timelines.',
  usage: '',
  flags: {
    'detailed-json': { summary: 'Output detailed information in JSON format.' },
    'without-backups': { summary: 'Disable backups lookup for each timeline.' },
  },
  operands: [0, 0],
  listener: 'operator',
  run: async ({ flags }, { settings, signal, streams }) => {
    await using archive = await openArchive(settings);
    const { store } = archive;
    const withBackups = !flags.has('without-backups');
    const wal = await readWalTimelines(store, signal);
    const backups = withBackups ? await detailsOfAll(store, await listedBackups(store, signal), signal) : [];
    const timelines = wal === undefined ? [] : await shownTimelines(store, wal, backups, signal);
    const text = flags.has('detailed-json') ? formatJson64(timelines.map(jsonOf)) : tableOf(timelines, withBackups);
    await streams.out.write(text);
    return 0;
  },
};
