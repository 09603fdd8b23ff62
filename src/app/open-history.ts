/**
 * From settings to a line of history: the archive, a `pg_wal`, or both, what WAL they hold, and which timeline is meant.
 *
 * @module
 */

import { join } from 'node:path';

import { Failure, isFailure } from '../base/failure.ts';
import { isArchiveNamed } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { listWal } from '../history/segment-source-wal.ts';
import { SegmentSource, type SegmentPlaces } from '../history/segment-source.ts';
import { timelinesOf, type Timelines } from '../history/timelines.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import { timelineOf, type ControlFile } from '../postgres/control-file.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../postgres/timeline-history.ts';
import { IgnoredIndexes } from '../history/ignored-indexes.ts';
import { openArchive, type Archive } from './open-archive.ts';

/** Which history is meant. */
export interface HistoryRequest {
  /** The live server's, where its data directory is known, otherwise the newest. */
  readonly timeline: number | undefined;
  /** A folder of WAL to read beside the archive, or alone where no archive is set. */
  readonly pgWal: string | undefined;
  readonly signal: AbortSignal;
}

/** An open history. Disposing closes the archive's store. */
export interface History extends AsyncDisposable {
  readonly archive: Archive | undefined;
  readonly places: SegmentPlaces;
  readonly clusterName: string;
  /** Where it is read, in words. */
  readonly address: string;
  /** Of all places together. */
  readonly wal: ArchivedWal;
  readonly timelines: Timelines;
  readonly line: TimelineHistory;
  /** The line's timeline, where a command that is printed must name it: it was asked for, or is not the newest. */
  readonly namedTimeline: number | undefined;
  /** Index objects of no use that were met so far, as {@link places} tell of them. */
  readonly ignoredIndexes: IgnoredIndexes;
}

/** The live server's control file, if the settings name a data directory that can be read. */
async function liveControl(settings: Settings): Promise<{ control: ControlFile; pgWal: string } | undefined> {
  const dataDirectory = settings.get('dataDirectory');
  if (dataDirectory === undefined) return undefined;
  try {
    return { control: await controlFileOf(dataDirectory), pgWal: join(dataDirectory, 'pg_wal') };
  } catch (error) {
    // Looking at an archive must work where the server is gone.
    if (isFailure(error)) return undefined;
    throw error;
  }
}

/**
 * The places with the live server's `pg_wal` beside them, where no other was given and it is of the same cluster; alone,
 * where the archive has no WAL yet.
 */
async function withLive(
  given: SegmentPlaces,
  live: { readonly control: ControlFile; readonly pgWal: string } | undefined,
  signal: AbortSignal,
): Promise<{ readonly places: SegmentPlaces; readonly wal: ArchivedWal }> {
  const alone = await listWal(given, signal).catch((error: unknown) => {
    if (live !== undefined && given.pgWal === undefined && isFailure(error, 'notInArchive')) return error;
    throw error;
  });
  const isEmpty = alone instanceof Failure;
  const isOther = !isEmpty && live?.control.systemIdentifier !== alone.systemIdentifier;
  if (live !== undefined && given.pgWal === undefined && !isOther) {
    const places = { ...given, pgWal: live.pgWal };
    const wal = await listWal(places, signal).catch((error: unknown) => {
      if (isFailure(error)) return undefined;
      throw error;
    });
    if (wal !== undefined) return { places, wal };
  }
  if (isEmpty) throw alone;
  return { places: given, wal: alone };
}

async function readLines(places: SegmentPlaces, wal: ArchivedWal, signal: AbortSignal): Promise<Timelines> {
  const source = new SegmentSource(places);
  const lines = new Map<number, TimelineHistory>([[1, { timeline: 1, ancestors: [] }]]);
  for (const timeline of wal.historyTimelines) {
    const file = await source.read(formatHistoryName(timeline), signal);
    if (file !== undefined) lines.set(timeline, parseTimelineHistory(timeline, file.bytes.toString('utf8')));
  }
  return timelinesOf(lines, [...wal.segments.keys()]);
}

/**
 * Opens it. A `pg_wal` of the settings' data directory is read too, if it is of the archive's cluster.
 *
 * @throws {Failure} `usage` if neither archive nor folder is named, `notInArchive` if there is no WAL, `conflict` if a folder
 *   that was named is another cluster's, `refused` for a timeline that is not known.
 */
export async function openHistory(settings: Settings, request: HistoryRequest): Promise<History> {
  const { signal } = request;
  const isFolderAlone = request.pgWal !== undefined && !isArchiveNamed(settings);
  const archive = isFolderAlone ? undefined : await openArchive(settings);
  try {
    const live = await liveControl(settings);
    const store = archive?.store;
    const ignoredIndexes = new IgnoredIndexes();
    const { onIgnoredIndex } = ignoredIndexes;
    const given: SegmentPlaces = { store, pgWal: request.pgWal, onIgnoredIndex };
    const { places, wal } = await withLive(given, live, signal);
    const isOfCluster = live !== undefined && live.control.systemIdentifier === wal.systemIdentifier;
    const timelines = await readLines(places, wal, signal);
    const timeline = request.timeline ?? (isOfCluster ? timelineOf(live.control) : timelines.latest);
    return {
      archive,
      places,
      clusterName: archive?.clusterName ?? settings.get('clusterName') ?? 'cluster',
      address: store?.address ?? request.pgWal ?? '',
      wal,
      timelines,
      line: timelines.lineOf(timeline),
      namedTimeline: request.timeline ?? (timeline === timelines.latest ? undefined : timeline),
      ignoredIndexes,
      [Symbol.asyncDispose]: async () => archive?.[Symbol.asyncDispose](),
    };
  } catch (error) {
    await archive?.[Symbol.asyncDispose]();
    throw error;
  }
}
