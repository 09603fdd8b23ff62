/**
 * Counts what passes of parts: for progress, and so that a backup cannot be larger than it says.
 *
 * What counts is content, and beside it the number of entries: a directory or an empty file has no content, and takes a
 * header of a tar and a place on the disk. A backup that says neither how large it is nor how many files it has (WAL-E's,
 * and those of old WAL-G versions) is measured by what is stored of it.
 *
 * Source: WAL-G counts the content of all entries as `UncompressedSize`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { Backup } from '../backup/backup.ts';
import { TAR_BLOCK_BYTES } from '../codec/tar-header.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import type { BackupObject } from './tar-objects.ts';

/** What is read of one backup. */
export interface MeteredLevel {
  readonly backup: Pick<Backup, 'name' | 'uncompressedSizeBytes'>;
  /** `undefined` if the backup has no list of files. */
  readonly metadata: Pick<FilesMetadata, 'files'> | undefined;
  /** All that is stored of it. */
  readonly objects: readonly Pick<BackupObject, 'kind' | 'sizeBytes'>[];
}

/** A level, and the parts of it that are read. */
export interface ProgressLevel extends MeteredLevel {
  readonly parts: readonly Pick<BackupObject, 'sizeBytes'>[];
}

/** What is to be told of one backup as it passes. */
export interface LevelMeter {
  /** Content that was written, or stepped over. */
  readonly onContent: (bytes: number) => void;
  /** An entry, of whatever type. */
  readonly onEntry: () => void;
}

/** Files grow while a backup is taken, and programs count differently. */
const ROOM_FACTOR = 1.25;
const ROOM_BYTES = 64 * 1024 * 1024;
/** Directories, and what a list leaves out. */
const ENTRIES_FACTOR = 2;
/** lz4, which WAL-G uses unless told, makes nothing smaller than a 255th; data of a server comes nowhere near. */
const MOST_RATIO = 256;

/** The counter of one restore. */
export class ContentMeter {
  /** Aborts with the failure of a backup that holds more than it says. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #onProgress: OnProgress;
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(levels: readonly ProgressLevel[], onProgress: OnProgress) {
    this.signal = this.#abort.signal;
    this.#onProgress = onProgress;
    this.#totalBytes = levels.reduce((sum, level) => sum + readBytes(level), 0);
  }

  /** Answers with what is to be told of this backup. */
  startLevel(level: MeteredLevel): LevelMeter {
    const [mostBytes, mostEntries] = [contentLimitBytes(level), entriesLimit(level)];
    let levelBytes = 0;
    let entries = 0;
    return {
      onContent: (bytes) => {
        levelBytes += bytes;
        this.#doneBytes += bytes;
        if (levelBytes > mostBytes) this.#giveUp(level, contentWords(level));
        const total = Math.max(this.#totalBytes, this.#doneBytes);
        this.#onProgress({ phase: 'fetch', done: this.#doneBytes, total, unit: 'bytes' });
      },
      onEntry: () => {
        entries += 1;
        if (entries > mostEntries) this.#giveUp(level, entriesWords(level));
      },
    };
  }

  #giveUp({ backup }: MeteredLevel, found: string): void {
    if (this.signal.aborted) return;
    this.#abort.abort(
      new Failure('corrupt', {
        message: `cannot restore ${backup.name}: it holds far more ${found}`,
        remedy: 'Do not use this backup: somebody has changed it, or another program wrote it.',
      }),
    );
  }
}

function contentLimitBytes({ backup, objects }: MeteredLevel): number {
  const declaredBytes = Number(backup.uncompressedSizeBytes);
  if (declaredBytes > 0) return declaredBytes * ROOM_FACTOR + ROOM_BYTES;
  return storedBytes(objects) * MOST_RATIO + ROOM_BYTES;
}

function entriesLimit({ metadata, objects }: MeteredLevel): number {
  const mostBytes =
    metadata === undefined ? storedBytes(objects) * MOST_RATIO : metadata.files.size * ENTRIES_FACTOR * TAR_BLOCK_BYTES;
  return (mostBytes + ROOM_BYTES) / TAR_BLOCK_BYTES;
}

function contentWords({ backup, objects }: MeteredLevel): string {
  const { uncompressedSizeBytes } = backup;
  if (uncompressedSizeBytes > 0n) return `than the ${uncompressedSizeBytes} bytes that its sentinel declares`;
  return `than ${storedBytes(objects)} stored bytes can become, and its sentinel declares no size`;
}

function entriesWords({ metadata, objects }: MeteredLevel): string {
  if (metadata !== undefined) return `entries than the ${metadata.files.size} of its list of files`;
  return `entries than ${storedBytes(objects)} stored bytes can become, and it has no list of files`;
}

/** The content of the parts that are read, if all parts are compressed alike. */
function readBytes({ backup, objects, parts }: ProgressLevel): number {
  const share = storedBytes(parts) / Math.max(1, storedBytes(objects.filter(({ kind }) => kind === 'part')));
  return Math.round(Number(backup.uncompressedSizeBytes) * share);
}

function storedBytes(objects: readonly Pick<BackupObject, 'sizeBytes'>[]): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
