/**
 * The frames of a job as lines: from the file that it writes, or from its output.
 *
 * @module
 */

import { open, readFile, type FileHandle } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

import { frameLine, isExitLine, LONGEST_LINE } from './frames.ts';
import type { JobFolder } from './job-folder.ts';

const LOOK_EVERY_MS = 100;
const PIECE_BYTES = 256 * 1024;
const MOST_STDERR_CHARACTERS = 64 * 1024;

/** Cuts text into whole lines, without their newlines. A line that has no end in sight is given up. */
export class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  take(bytes: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
    return lines;
  }
}

async function openWhenThere(path: string, isOver: () => Promise<boolean>): Promise<FileHandle | undefined> {
  for (;;) {
    const over = await isOver();
    const file = await open(path, 'r').catch(() => undefined);
    if (file !== undefined || over) return file;
    await sleep(LOOK_EVERY_MS);
  }
}

/** What ends the frames of a process that is gone: whatever it said beside them, and that nobody saw how it ended. */
async function* endOf(folder: JobFolder, hasExited: boolean): AsyncGenerator<string> {
  const stderr = await readFile(folder.file('stderr'), 'utf8').catch(() => '');
  if (stderr !== '') yield frameLine({ kind: 'err', text: stderr.slice(-MOST_STDERR_CHARACTERS) }).trimEnd();
  if (!hasExited) yield frameLine({ kind: 'lost' }).trimEnd();
}

/**
 * Lines of the frames of a job that writes them into a file, from line number `from` on; ends when it has ended. What a
 * crash left on standard error comes before the last.
 */
export async function* followFile(folder: JobFolder, from: number, signal: AbortSignal): AsyncGenerator<string> {
  const isOver = async () => signal.aborted || (await folder.runningProcess()) === undefined;
  await using file = await openWhenThere(folder.file('frames'), isOver);
  const cutter = new LineCutter();
  const piece = Buffer.alloc(PIECE_BYTES);
  let skipped = 0;
  while (!signal.aborted) {
    // Asked before reading: what it has said by its end is read then.
    const over = await isOver();
    const { bytesRead } = (await file?.read(piece, 0, piece.length)) ?? { bytesRead: 0 };
    for (const line of cutter.take(piece.subarray(0, bytesRead))) {
      if (isExitLine(line)) {
        yield* endOf(folder, true);
        yield line;
        return;
      }
      skipped += 1;
      if (skipped > from) yield line;
    }
    if (bytesRead > 0) continue;
    if (over) {
      yield* endOf(folder, false);
      return;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Lines of the frames of a job that writes them into a pipe. A slow reader makes the job wait. */
export async function* followPipe(output: AsyncIterable<Buffer>, folder: JobFolder): AsyncGenerator<string> {
  const cutter = new LineCutter();
  for await (const bytes of output) {
    for (const line of cutter.take(bytes)) {
      if (!isExitLine(line)) {
        yield line;
        continue;
      }
      yield* endOf(folder, true);
      yield line;
      return;
    }
  }
  yield* endOf(folder, false);
}

/** The same lines, with a `beat` where nothing comes for a while, so that a caller sees that the connection lives. */
export async function* withBeats(lines: AsyncGenerator<string>, everyMs: number): AsyncGenerator<string> {
  const beat = frameLine({ kind: 'beat' }).trimEnd();
  try {
    for (let next = lines.next(); ;) {
      const timer = new AbortController();
      const silence = sleep(everyMs, 'silence' as const, { signal: timer.signal }).catch(() => 'silence' as const);
      const came = await Promise.race([next, silence]);
      timer.abort();
      if (came === 'silence') {
        yield beat;
        continue;
      }
      if (came.done === true) return;
      yield came.value;
      next = lines.next();
    }
  } finally {
    // Not awaited: a generator that waits for output answers only when some comes.
    void lines.return(undefined).catch(() => {});
  }
}
