/**
 * The indexes of an archive's WAL: which are missing, and making them.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import { Failure } from '../base/failure.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import {
  findMissingIndexes,
  writeIndexes,
  type IndexesToWrite,
  type WrittenIndexes,
} from '../history/segment-indexes-write.ts';
import type { Archive } from './open-archive.ts';

/** What is asked for. */
export interface IndexArchiveOptions {
  readonly timeline: number | undefined;
  readonly rebuild: boolean;
  readonly dryRun: boolean;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** What was found, and what was done about it; `written` is `undefined` for a dry run. */
export interface IndexedArchive extends IndexesToWrite {
  readonly written: WrittenIndexes | undefined;
}

/** Makes what is missing. @throws {Failure} `notInArchive` without WAL, or without WAL of that timeline. */
export async function indexArchive({ store }: Archive, options: IndexArchiveOptions): Promise<IndexedArchive> {
  const { timeline, rebuild, dryRun, onProgress, signal } = options;
  const wal = await listArchivedWal(store, { signal });
  if (timeline !== undefined && !wal.segments.has(timeline)) {
    throw new Failure('notInArchive', {
      message: `the archive holds no WAL of timeline ${timeline}`,
      remedy: `It has WAL of ${[...wal.segments.keys()].join(', ')}: choose one of them with --timeline, or leave it out.`,
    });
  }
  const request = { store, wal, timeline, rebuild, onProgress, signal };
  const found = await findMissingIndexes(request);
  return { ...found, written: dryRun ? undefined : await writeIndexes(request, found.missing) };
}
