/**
 * What a program is doing to a data directory on which no server runs yet (a clone, a replica that is being created), in a
 * file beside it, for whoever is asked how far it is.
 *
 * ```
 * <data directory>.walkback/work.json
 * ```
 *
 * It says something only while its process lives. It is no journal: nothing is decided by it.
 *
 * @module
 */

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import type { OnProgress, Progress } from '../base/progress.ts';
import { fieldOf } from '../base/unknown-value.ts';
import { isProcessAlive } from './postmaster.ts';
import { processSpace } from './process-space.ts';

/** How far a piece of work is. */
export interface WorkNote {
  /** What is done, as a person would say it: `clone`, `replica from the archive`. */
  readonly work: string;
  /** Which part of it. */
  readonly phase: string;
  readonly done: number | undefined;
  readonly total: number | undefined;
  readonly unit: string | undefined;
  readonly note: string | undefined;
  readonly startedAt: string;
}

/** Writes the note until it is disposed. */
export interface WorkNoteWriter extends AsyncDisposable {
  /** For whoever reports progress; written once a second at most. */
  readonly onProgress: OnProgress;
}

const EVERY_MS = 1000;

function notePath(dataDirectory: string): string {
  return join(`${resolve(dataDirectory)}.walkback`, 'work.json');
}

/** Begins a note. Where it cannot be written, it is not: the work matters, the note does not. */
export async function openWorkNote(dataDirectory: string, work: string): Promise<WorkNoteWriter> {
  const path = notePath(dataDirectory);
  const startedAt = new Date().toISOString();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => {});
  let writing = Promise.resolve();
  const write = (progress: Progress): void => {
    const note = { work, startedAt, processId: process.pid, space: processSpace(), ...progress };
    writing = writing.then(async () => {
      const tmp = `${path}.${process.pid}.tmp`;
      await writeFile(tmp, `${JSON.stringify(note)}\n`, { mode: 0o600 });
      await rename(tmp, path);
    });
    writing = writing.catch(() => {});
  };
  write({ phase: 'begin', done: 0, unit: 'files' });
  let lastMs = 0;
  let lastPhase = '';
  return {
    onProgress: (progress) => {
      const now = Date.now();
      if (progress.phase === lastPhase && now - lastMs < EVERY_MS) return;
      lastMs = now;
      lastPhase = progress.phase;
      write(progress);
    },
    [Symbol.asyncDispose]: async () => {
      await writing;
      await rm(path, { force: true }).catch(() => {});
    },
  };
}

/** The note of work that is under way; `undefined` if none is. */
export async function readWorkNote(dataDirectory: string): Promise<WorkNote | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(notePath(dataDirectory), 'utf8'));
  } catch {
    return undefined;
  }
  const text = (key: string) => {
    const found = fieldOf(value, key);
    return typeof found === 'string' ? found : undefined;
  };
  const count = (key: string) => {
    const found = fieldOf(value, key);
    return typeof found === 'number' ? found : undefined;
  };
  const processId = count('processId');
  if (processId === undefined || text('space') !== processSpace() || !isProcessAlive(processId)) return undefined;
  return {
    work: text('work') ?? 'work',
    phase: text('phase') ?? '',
    done: count('done'),
    total: count('total'),
    unit: text('unit'),
    note: text('note'),
    startedAt: text('startedAt') ?? '',
  };
}
