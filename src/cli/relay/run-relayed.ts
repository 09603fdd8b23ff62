/**
 * The side that works: runs the command of a job for a caller elsewhere, and says everything as frames on standard output.
 *
 * The agent starts this as `walkback relayed FOLDER`; it is no command for people.
 *
 * @module
 */

import { writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { frameLine, type Frame } from '../../agent/control/frames.ts';
import { JobFolder, type TerminalFacts } from '../../agent/control/job-folder.ts';
import { cannotAsk, type Questions } from '../output/questions.ts';
import { runProgram } from '../run-program.ts';
import type { OutputStream } from '../streams.ts';
import { frameReporter } from './frame-reporter.ts';

/** Text is cut, so that no line of frames is long. In UTF-16 units. */
const LONGEST_TEXT = 64 * 1024;
const LOOK_EVERY_MS = 200;
/** Nobody has been listening for so long that nobody will answer: it is as if input had ended. */
const UNANSWERED_MS = 10 * 60_000;

function writeFrame(frame: Frame): void {
  process.stdout.write(frameLine(frame));
}

function cut(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    const end = from + LONGEST_TEXT;
    // Not between the two halves of one character.
    const isInside = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '');
    const to = isInside ? end - 1 : end;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}

/** A stream of the caller's, as the command sees it. */
function frameStream(kind: 'out' | 'err', { isTTY, columns }: TerminalFacts): OutputStream {
  const stream = new Writable({
    decodeStrings: false,
    write: (text: unknown, _encoding, done) => {
      for (const piece of cut(String(text))) writeFrame({ kind, text: piece });
      // A reader that has gone away is known by the error of the process's own output.
      done(process.stdout.errored);
    },
  });
  stream.on('error', () => {});
  return { isTTY, columns, stream, write: (text) => new Promise((resolve) => stream.write(text, () => resolve())) };
}

/** Asks the caller; an answer is a file in the job's folder. Without a caller for long: as at the end of input. */
function askedElsewhere(folder: JobFolder, canAsk: boolean, signal: AbortSignal): Questions {
  let asked = 0;
  const ask: Questions['ask'] = async ({ question, flag }) => {
    if (!canAsk) throw cannotAsk(question, flag);
    asked += 1;
    const number = asked;
    writeFrame({ kind: 'ask', number, question });
    try {
      for (;;) {
        const answer = await folder.readAnswer(number);
        if (answer !== undefined) return answer.text;
        if ((await folder.unattachedMs()) > UNANSWERED_MS) return undefined;
        await sleep(LOOK_EVERY_MS, undefined, { signal });
      }
    } finally {
      writeFrame({ kind: 'answered', number });
    }
  };
  return {
    canAsk,
    ask,
    confirm: async ({ question, word, flag }) => (await ask({ question, flag }))?.trim() === word,
  };
}

/** Runs the job of a folder. Answers the exit code. */
export async function runRelayed(path: string): Promise<number> {
  process.stdout.on('error', () => {});
  // Also where the process ends in the middle of something: whoever listens must know how.
  process.on('exit', (code) => {
    try {
      writeSync(1, frameLine({ kind: 'exit', code }));
    } catch {
      // Nobody listens any more.
    }
  });
  const folder = new JobFolder(dirname(path), basename(path));
  const job = await folder.readJob();
  if (job === undefined) return 64;
  const { screen } = job;
  return runProgram([...job.args, ...job.ownFlags], {
    streams: { in: process.stdin, out: frameStream('out', screen.out), err: frameStream('err', screen.err) },
    caller: {
      environment: screen.environment,
      zone: screen.zone,
      reporter: frameReporter(writeFrame),
      questions: (signal) => askedElsewhere(folder, screen.canAsk, signal),
    },
  });
}
