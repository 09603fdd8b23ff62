/**
 * Markers of running backups, and cleaning up after those that were killed.
 *
 * A backup without a sentinel may be a `wal-g backup-push` at work, so its objects are nobody's to delete. Ours say so: a
 * marker is written before the first object and taken away after the last. Its owner is dead when its process id belongs
 * to the processes we see (same boot, same process namespace) and is gone or another's by now, or when the marker was not renewed for
 * {@link DEAD_AFTER_MS} by the store's clock, which a living owner does every {@link RENEW_MS}. An owner that was suspended
 * for so long finds its marker gone, and gives up. A backup that has its sentinel is finished, whatever its marker says:
 * not everybody who takes backups may delete.
 *
 * @module
 */

import { hostname } from 'node:os';

import { Failure } from '../base/failure.ts';
import { identityOf, isKnownOther } from '../instance/process-identity.ts';
import { isKnownDead, processSpace } from '../instance/process-space.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { backupFolder, backupOfSentinelKey, parseBackupName, sentinelKey } from '../walg/backup-names.ts';
import { BACKUPS_FOLDER } from '../walg/object-names.ts';
import { RUNNING_FOLDER, indexFolder, runningKey } from './own-objects.ts';
import { ObjectAges } from './store-clock.ts';

/** What a marker says. */
interface RunningMarker {
  readonly name: string;
  readonly hostname: string;
  /** Within what {@link RunningMarker.processId} is unique: one boot of one host, one container. */
  readonly processSpace: string;
  readonly processId: number;
  /** When that process began, as Linux counts it: numbers are used again. Markers of earlier versions have none. */
  readonly processStart?: string;
  readonly startedAt: string;
  /** The backup that it builds on; only of a delta. */
  readonly deltaFrom?: string;
}

/** How often a living owner writes its marker anew. */
const RENEW_MS = 60_000;
/** After this long without renewal the owner is dead. */
const DEAD_AFTER_MS = 60 * RENEW_MS;

/** A marker that is kept alive. */
export interface OwnMarker {
  /** @throws {Failure} `conflict` if others have taken this backup for dead, and may have deleted parts of it. */
  confirm(): Promise<void>;
  /** Stops renewing it and deletes it. @throws what the store throws. */
  remove(): Promise<void>;
  /** Stops renewing it: it stays, for what is left of the backup. */
  leave(): void;
}

/** Marks a backup as being taken by this process. @throws {Failure} `conflict` if somebody else marked the same one. */
export async function markRunning(
  store: ObjectStore,
  backupName: string,
  startedAt: Date,
  deltaFrom?: string,
): Promise<OwnMarker> {
  const marker: RunningMarker = {
    name: backupName,
    hostname: hostname(),
    processSpace: processSpace(),
    processId: process.pid,
    processStart: (await identityOf(process.pid)).start,
    startedAt: startedAt.toISOString(),
    ...(deltaFrom === undefined ? {} : { deltaFrom }),
  };
  const body = Buffer.from(`${JSON.stringify(marker)}\n`);
  const key = runningKey(backupName);
  if ((await store.put(key, body, { ifAbsent: true })) === 'exists') {
    throw new Failure('conflict', {
      message: `cannot take backup ${backupName}: another process is taking it (${key})`,
      remedy: 'Wait for it to end. If it was killed, a backup taken later cleans up after it.',
    });
  }
  const renewal = setInterval(() => void renew(store, key, body).catch(() => {}), RENEW_MS);
  renewal.unref();
  return {
    confirm: async () => {
      if ((await store.stat(key)) !== undefined) return;
      throw new Failure('conflict', {
        message: `cannot finish backup ${backupName}: others have taken it for dead, since its marker ${key} is gone`,
        remedy:
          'Take the backup again. This happens to a host that sleeps, or has no connection to the store, for an hour.',
      });
    },
    remove: async () => {
      clearInterval(renewal);
      await store.delete([key]);
    },
    leave: () => clearInterval(renewal),
  };
}

/** One that others have deleted, with the parts of the backup, stays deleted. */
async function renew(store: ObjectStore, key: string, body: Buffer): Promise<void> {
  if ((await store.stat(key)) !== undefined) await store.put(key, body);
}

/** A backup of ours that was begun. */
export interface MarkedBackup {
  readonly name: string;
  /** False if whoever took it is gone. */
  readonly isAlive: boolean;
  /** When its marker was written last, by the store's clock. */
  readonly renewedAt: Date;
  /** The backup that it builds on, which it needs to the end; only of a delta. */
  readonly deltaFrom?: string;
}

/**
 * The backups of ours that are being taken, or whose process was killed.
 *
 * @param now by this host's clock. A marker that looks old by it is compared with the store's.
 */
export async function listMarked(store: ObjectStore, now: Date): Promise<MarkedBackup[]> {
  const ages = new ObjectAges(store, now);
  const marked: MarkedBackup[] = [];
  const { unfinished } = await listMarkers(store);
  for (const object of unfinished) {
    const marker = await readMarker(store, object);
    if (marker !== undefined) {
      const { name, deltaFrom } = marker;
      const isAlive = !(await isDead(marker, object.modifiedAt, ages));
      marked.push({ name, isAlive, renewedAt: object.modifiedAt, ...(deltaFrom === undefined ? {} : { deltaFrom }) });
    }
  }
  return marked;
}

interface Markers {
  readonly unfinished: readonly ObjectInfo[];
  /** Of backups that have their sentinel: whoever took one may not delete, or was killed right behind it. */
  readonly finished: readonly ObjectInfo[];
}

async function listMarkers(store: ObjectStore): Promise<Markers> {
  const { objects } = await store.listFolder(RUNNING_FOLDER);
  if (objects.length === 0) return { unfinished: [], finished: [] };
  // Behind the markers: a backup that ends in between is a finished one.
  const { objects: sentinels } = await store.listFolder(BACKUPS_FOLDER);
  const finished = new Set(
    sentinels.flatMap(({ key }) => {
      const name = backupOfSentinelKey(key)?.name;
      return name === undefined ? [] : [runningKey(name)];
    }),
  );
  const isFinished = ({ key }: ObjectInfo): boolean => finished.has(key);
  return {
    unfinished: objects.filter((object) => !isFinished(object)),
    finished: objects.filter(isFinished),
  };
}

/** Deletes what killed backups of ours have left, and markers that finished ones have. Answers with the killed ones' names. */
export async function cleanLeftovers(store: ObjectStore, now: Date): Promise<string[]> {
  const dead = (await listMarked(store, now)).filter(({ isAlive }) => !isAlive);
  for (const { name } of dead) {
    await deleteUnfinished(store, name);
    await store.delete([runningKey(name)]);
  }
  const { finished } = await listMarkers(store);
  if (finished.length > 0) await store.delete(finished.map(({ key }) => key));
  return dead.map(({ name }) => name);
}

/**
 * Deletes the objects of a backup of ours that has no sentinel; one with a sentinel is left as it is. A sentinel that was on
 * its way, and has come behind that look, goes too: its parts are gone.
 */
export async function deleteUnfinished(store: ObjectStore, backupName: string): Promise<void> {
  const sentinel = sentinelKey(backupName);
  if ((await store.stat(sentinel)) !== undefined) return;
  const keys: string[] = [];
  for (const folder of [backupFolder(backupName), indexFolder(backupName)]) {
    for await (const { key } of store.list(folder)) keys.push(key);
  }
  await store.delete(keys);
  if ((await store.stat(sentinel)) !== undefined) await store.delete([sentinel]);
}

async function readMarker(store: ObjectStore, object: ObjectInfo): Promise<RunningMarker | undefined> {
  const bytes = object.sizeBytes > 4096 ? undefined : await store.get(object.key);
  if (bytes === undefined) return undefined;
  try {
    const marker: unknown = JSON.parse(bytes.toString());
    return isMarker(marker) && runningKey(marker.name) === object.key ? marker : undefined;
  } catch {
    return undefined;
  }
}

function isMarker(value: unknown): value is RunningMarker {
  if (typeof value !== 'object' || value === null) return false;
  if (!('name' in value && 'processSpace' in value && 'processId' in value)) return false;
  const isNamed = typeof value.name === 'string' && parseBackupName(value.name) !== undefined;
  if ('deltaFrom' in value && (typeof value.deltaFrom !== 'string' || parseBackupName(value.deltaFrom) === undefined)) {
    return false;
  }
  if ('processStart' in value && typeof value.processStart !== 'string') return false;
  return isNamed && typeof value.processSpace === 'string' && typeof value.processId === 'number';
}

/** True if its number is another process's by now. */
async function isAnotherProcess({ processSpace: space, processId, processStart }: RunningMarker): Promise<boolean> {
  if (processStart === undefined || space !== processSpace()) return false;
  return isKnownOther(processStart, (await identityOf(processId)).start);
}

async function isDead(marker: RunningMarker, renewedAt: Date, ages: ObjectAges): Promise<boolean> {
  if (isKnownDead(marker.processSpace, marker.processId) || (await isAnotherProcess(marker))) return true;
  return ages.isOlder(renewedAt, DEAD_AFTER_MS);
}
