/**
 * The record that a clone was made: in the data directory, so that the cluster knows where it comes from; and in the archive
 * that the cluster writes, so that clone variables that were left behind do not take it back to the old target when its data
 * and its DCS are lost.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure } from '../base/failure.ts';
import { listBackups } from '../backup/list.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import { readTimelines } from '../history/timelines.ts';
import { archivedTimelines } from '../recovery/timeline-numbers.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER } from '../walg/object-names.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import { isToOwnEnd, wayBack } from './way-back.ts';

/** In the data directory. */
export const RECORD_FILE = 'walkback_clone.json';

/** In the archive that the new cluster writes: one object for each request. */
export const RECORDS_FOLDER = 'walkback_001/clones/';

/** What is recorded. */
export interface CloneRecord {
  readonly version: 1;
  readonly id: string;
  readonly at: string;
  readonly request: CloneRequestFacts;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** As the history file says: `before LSN 0/3000148`. */
  readonly reason: string;
  readonly asked: string;
}

function keyOf(request: CloneRequestFacts): string {
  const { scope, target, timeline, archiveAddress } = request;
  const text = JSON.stringify([scope, target, timeline, archiveAddress]);
  const digest = createHash('sha256').update(text).digest('hex');
  // In groups: no name of ours may hold 24 hex digits in a row, which WAL-G takes for a segment's and deletes.
  return `${RECORDS_FOLDER}${(digest.slice(0, 32).match(/.{8}/g) ?? []).join('-')}.json`;
}

/** The record of a plan that has been carried out. */
export function recordOf(plan: ClonePlan, timeline: number, reason: string, now: Date): CloneRecord {
  const { id, request, systemIdentifier, target } = plan;
  return { version: 1, id, at: now.toISOString(), request, systemIdentifier, timeline, reason, asked: target.asked };
}

/** Writes it, or what another kind of bootstrap records, into a data directory. */
export async function writeRecordFile(directory: string, record: { readonly id: string }): Promise<void> {
  await writeFileDurably(join(directory, RECORD_FILE), Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`));
}

/** The id of the bootstrap that made a data directory; `undefined` if none did. */
export async function recordedId(directory: string): Promise<string | undefined> {
  const bytes = await readFile(join(directory, RECORD_FILE)).catch(() => undefined);
  const value = bytes === undefined ? undefined : parsed(bytes);
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : undefined;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function readRecord(bytes: Buffer): CloneRecord | undefined {
  const value = parsed(bytes);
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is CloneRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'id' in value &&
    typeof value.id === 'string' &&
    'timeline' in value &&
    typeof value.timeline === 'number'
  );
}

/** Writes it into the archive. A later clone of the same request replaces it. */
export async function archiveRecord(store: ObjectStore, record: CloneRecord): Promise<void> {
  await store.put(keyOf(record.request), Buffer.from(JSON.stringify(record)));
}

/** True if the cluster has archived something: of the first timeline, which an upgrade begins with, there is no history file. */
async function hasLived(store: ObjectStore, timeline: number): Promise<boolean> {
  if (timeline > 1) return (await archivedTimelines(store)).includes(timeline);
  for await (const _object of store.list(WAL_FOLDER)) return true;
  return false;
}

/**
 * Refuses to make a clone again whose cluster has lived since: whatever it has committed would be gone. One to the end of the
 * cluster's own archive, on its own line of history, has all of that, and is how the cluster is got back: it is made again.
 *
 * @param store the archive that the new cluster writes.
 * @param ownId the attempt of this host's journal, if Patroni has not taken it over: it may be made again.
 * @throws {Failure} `refused`, saying how to get that cluster back instead.
 */
export async function checkNotMade(
  store: ObjectStore,
  request: CloneRequestFacts,
  ownId: string | undefined,
): Promise<void> {
  const bytes = await store.get(keyOf(request));
  const record = bytes === undefined ? undefined : readRecord(bytes);
  if (record === undefined || record.id === ownId) return;
  if (!(await hasLived(store, record.timeline))) return;
  const back = isToOwnEnd(request)
    ? wayBack(request, record.timeline, await readTimelines(store, await listArchivedWal(store)))
    : undefined;
  if (back?.kind === 'this') return;
  const newest = (await listBackups(store)).findLast(({ timeline }) => timeline >= record.timeline);
  throw new Failure('refused', {
    message: `cannot clone ${record.asked} again: this clone was made ${record.at}, and the cluster that came of it has written timeline ${record.timeline} into ${store.address} since`,
    remedy:
      back?.kind === 'line'
        ? `To get that cluster back, follow its own line of history: --timeline ${back.timeline} (CLONE_TARGET_TIMELINE=${back.timeline}). To really begin again, and lose what was committed since: add --again.`
        : 'The clone variables (CLONE_*) were left behind. Take them away. To get that cluster back, clone from its own archive, to the end of it (no target time, no timeline). To really begin again at the old target, and lose what was committed since: add --again.',
    facts: [
      `timeline ${record.timeline} is in ${store.address}`,
      newest === undefined ? 'no backup was taken on it' : `its newest backup is ${newest.name}`,
    ],
  });
}
