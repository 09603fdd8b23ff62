/**
 * Counts the content of parts as it passes: for progress, and so that a backup cannot be larger than it says.
 *
 * Source: WAL-G counts the content of all entries as `UncompressedSize`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import type { Backup } from '../backup/backup.ts';
import type { BackupObject } from './tar-objects.ts';

/** What is read of one backup. */
export interface MeteredLevel {
  readonly backup: Backup;
  readonly objects: readonly BackupObject[];
  readonly parts: readonly BackupObject[];
}

/** Files grow while a backup is taken, and programs count differently. */
const ROOM_FACTOR = 1.25;
const ROOM_BYTES = 64 * 1024 * 1024;

/** The counter of one restore. */
export class ContentMeter {
  /** Aborts with the failure of a backup that holds more than it says. */
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #onProgress: OnProgress;
  readonly #totalBytes: number;
  #doneBytes = 0;

  constructor(levels: readonly MeteredLevel[], onProgress: OnProgress) {
    this.signal = this.#abort.signal;
    this.#onProgress = onProgress;
    this.#totalBytes = levels.reduce((sum, level) => sum + readBytes(level), 0);
  }

  /** Answers with what is to be called for content of this backup. */
  startLevel({ backup }: Pick<MeteredLevel, 'backup'>): (bytes: number) => void {
    const declaredBytes = Number(backup.uncompressedSizeBytes);
    const mostBytes = declaredBytes === 0 ? Infinity : declaredBytes * ROOM_FACTOR + ROOM_BYTES;
    let levelBytes = 0;
    return (bytes) => {
      levelBytes += bytes;
      this.#doneBytes += bytes;
      if (levelBytes > mostBytes && !this.signal.aborted) this.#abort.abort(tooMuch(backup));
      const total = Math.max(this.#totalBytes, this.#doneBytes);
      this.#onProgress({ phase: 'fetch', done: this.#doneBytes, total, unit: 'bytes' });
    };
  }
}

/** The content of the parts that are read, if all parts are compressed alike. */
function readBytes({ backup, objects, parts }: MeteredLevel): number {
  const storedBytes = (some: readonly BackupObject[]): number =>
    some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const share = storedBytes(parts) / Math.max(1, storedBytes(objects.filter(({ kind }) => kind === 'part')));
  return Math.round(Number(backup.uncompressedSizeBytes) * share);
}

function tooMuch(backup: Backup): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: it holds far more than the ${backup.uncompressedSizeBytes} bytes that its sentinel declares`,
    remedy: 'Do not use this backup: somebody has changed it, or another program wrote it.',
  });
}
