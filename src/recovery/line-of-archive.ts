/**
 * The line of history of a timeline, from its history file in the archive.
 *
 * @module
 */

import { readWalFile } from '../archive/read-wal-file.ts';
import { Failure } from '../base/failure.ts';
import { formatHistoryName, parseTimelineHistory, type TimelineHistory } from '../postgres/timeline-history.ts';
import type { ObjectStore } from '../storage/object-store.ts';

/** @throws {Failure} `notInArchive` if a timeline above 1 has no history file there. */
export async function readLine(store: ObjectStore, timeline: number): Promise<TimelineHistory> {
  if (timeline === 1) return { timeline, ancestors: [] };
  const name = formatHistoryName(timeline);
  const file = await readWalFile(store, name);
  if (file !== undefined) return parseTimelineHistory(timeline, file.bytes.toString());
  throw new Failure('notInArchive', {
    message: `cannot tell the history of timeline ${timeline}: ${name} is not in ${store.address}`,
    remedy: `Push it from the server's pg_wal:  walkback wal push pg_wal/${name}`,
  });
}
