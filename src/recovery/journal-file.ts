/**
 * A journal on disk: one JSON object a line, only ever appended to, each line there before what it announces begins. What a
 * line may say is its reader's.
 *
 * @module
 */

import { open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { syncFolder } from '../instance/durable-rename.ts';

/** How lines of one kind are read and written. */
export interface JournalLines<Entry, NewEntry> {
  /** The whole lines, and how many bytes they take; a last one that is torn is left out. */
  readonly parse: (bytes: Buffer, path: string) => { entries: Entry[]; wholeBytes: number };
  readonly timed: (entry: NewEntry) => Entry;
  /** Told of each new line once it is on disk. */
  readonly onEntry: (entry: Entry) => void;
}

/** One that is open for writing. */
export interface OpenJournalFile<Entry, NewEntry> extends AsyncDisposable {
  readonly entries: readonly Entry[];
  /** Appends one line; it is on disk when this returns. */
  append(entry: NewEntry): Promise<void>;
}

/** All of it; empty if there is none. @throws {Failure} `denied` if it cannot be read. */
export async function readJournalBytes(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw new Failure('denied', {
      message: `cannot read the journal ${path}: ${messageOf(error)}`,
      remedy: 'Run walkback as the user that owns the data directory.',
      cause: error,
    });
  });
}

/** Opens it to go on writing, or a new one, in a folder that is there. Cuts off what is torn. */
export async function openJournalFile<Entry, NewEntry>(
  path: string,
  { parse, timed, onEntry }: JournalLines<Entry, NewEntry>,
): Promise<OpenJournalFile<Entry, NewEntry>> {
  const { entries, wholeBytes } = parse(await readJournalBytes(path), path);
  const file = await open(path, 'a', 0o600);
  await file.truncate(wholeBytes);
  await file.sync();
  await syncFolder(dirname(path));
  const appendLine = lineWriter(file, path, wholeBytes);
  return {
    entries,
    append: async (entry) => {
      const line = timed(entry);
      await appendLine(`${JSON.stringify(line)}\n`);
      entries.push(line);
      onEntry(line);
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/** What {@link lineWriter} needs of a file. */
export type JournalFile = Pick<FileHandle, 'appendFile' | 'datasync' | 'truncate'>;

/**
 * Appends lines, each whole or not at all: what is left of one that could not be written is cut off before the next is, which
 * would otherwise go on in it and make the journal unreadable.
 */
export function lineWriter(file: JournalFile, path: string, wholeBytes: number): (line: string) => Promise<void> {
  let sizeBytes = wholeBytes;
  let isTorn = false;
  return async (line) => {
    try {
      if (isTorn) await file.truncate(sizeBytes);
      isTorn = true;
      await file.appendFile(line);
      await file.datasync();
      isTorn = false;
      sizeBytes += Buffer.byteLength(line);
    } catch (error) {
      throw cannotWrite(path, error);
    }
  };
}

function cannotWrite(path: string, error: unknown): Failure {
  return new Failure('failed', {
    message: `cannot write the journal ${path}: ${messageOf(error)}`,
    remedy: 'Make room on that file system, then go on: what was done so far is in it.',
    cause: error,
  });
}
