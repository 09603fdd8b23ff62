/**
 * The line of history that a server is on, from the history file that it keeps itself.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../postgres/timeline-history.ts';

/** The line that leads to `timeline`. @throws {Failure} `notFound` if the server has lost the history file. */
export async function serverLine(dataDirectory: string, timeline: number): Promise<TimelineHistory> {
  if (timeline === 1) return { timeline, ancestors: [] };
  const path = join(dataDirectory, 'pg_wal', formatHistoryName(timeline));
  try {
    return parseTimelineHistory(timeline, await readFile(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw new Failure('refused', {
      message: `cannot tell which line of history the server is on: ${path} is not there`,
      remedy: 'Put it back from the archive (walkback wal fetch), or take a full backup.',
      cause: error,
    });
  }
}
