/**
 * One process of Patroni's Python with `dcs.py`, asked again and again: starting it costs more than what it is asked.
 *
 * It ends by itself when this process does, however that ends: its standard input is closed then. While nobody asks, it
 * does not keep this process.
 *
 * @module
 */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Failure, messageOf } from '../../base/failure.ts';
import { integerOr, parseObject } from './dcs-keys.ts';

/** What came of one line of verbs. */
export interface DcsAnswer {
  /** As `dcs.py` would exit; `undefined` if it has ended, or has not answered in time. */
  readonly code: number | undefined;
  /** One for each verb; the last one holds the error where `code` is not 0. */
  readonly answers: readonly Record<string, unknown>[];
  /** The last lines that it wrote to standard error. */
  readonly said: readonly string[];
}

/** Longer than the script itself waits for the DCS. */
const TIMEOUT_MS = 60_000;
const MOST_SAID = 4;

/** Beside this file in the sources; in a folder of its own beside the bundle. */
function scriptPath(): string {
  const bundled = fileURLToPath(new URL('py/dcs.py', import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL('dcs.py', import.meta.url));
}

/** A running script, and who waits for its next line. */
interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly said: string[];
  onLine: (line: string | undefined) => void;
  hasEnded: boolean;
}

function setKeepsProcess({ child }: Running, keeps: boolean): void {
  const handles = [child, child.stdin, child.stdout, child.stderr] as readonly {
    ref?: () => unknown;
    unref?: () => unknown;
  }[];
  for (const handle of handles) (keeps ? handle.ref : handle.unref)?.call(handle);
}

async function start(python: readonly string[], configFile: string): Promise<Running> {
  const [program = 'python3', ...first] = python;
  const child = spawn(program, [...first, scriptPath(), configFile, 'serve'], { stdio: 'pipe' });
  const running: Running = { child, said: [], onLine: () => {}, hasEnded: false };
  const end = (): void => {
    running.hasEnded = true;
    running.onLine(undefined);
  };
  // A pipe whose other side has ended is told by its end.
  child.stdin.on('error', () => {});
  child.once('close', end);
  createInterface({ input: child.stdout }).on('line', (line) => running.onLine(line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    running.said.push(line);
    running.said.splice(0, running.said.length - MOST_SAID);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(cannotRun(program, error)));
  });
  return running;
}

function cannotRun(program: string, error: unknown): Failure {
  return new Failure('failed', {
    message: `cannot run Patroni's Python ${program}: ${messageOf(error)}`,
    remedy: 'Set patroni-python to the interpreter in the first line of patronictl.',
    cause: error,
  });
}

/** The lines up to the one with the code. */
function readAnswer(running: Running): Promise<DcsAnswer> {
  const answers: Record<string, unknown>[] = [];
  return new Promise((resolve, reject) => {
    const finish = (code: number | undefined): void => {
      clearTimeout(limit);
      running.onLine = () => {};
      resolve({ code, answers, said: [...running.said] });
    };
    const limit = setTimeout(() => {
      running.child.kill('SIGKILL');
      finish(undefined);
    }, TIMEOUT_MS);
    running.onLine = (line) => {
      if (line === undefined) return finish(undefined);
      try {
        const answer = parseObject(line);
        const code = integerOr(answer['code']);
        if (code === undefined) answers.push(answer);
        else finish(code);
      } catch (error) {
        clearTimeout(limit);
        reject(error instanceof Error ? error : new TypeError(String(error)));
      }
    };
  });
}

/** Asks one script after the other's end, one line of verbs at a time. */
export class DcsSession {
  readonly #configFile: string;
  readonly #findPython: () => Promise<readonly string[]>;
  #running: Running | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(configFile: string, findPython: () => Promise<readonly string[]>) {
    this.#configFile = configFile;
    this.#findPython = findPython;
  }

  /** @throws {Failure} `failed` if the script cannot be started, `corrupt` if it answers with something else. */
  async ask(verbs: readonly string[]): Promise<DcsAnswer> {
    const answer = this.#last.then(
      () => this.#askNow(verbs),
      () => this.#askNow(verbs),
    );
    this.#last = answer;
    return answer;
  }

  async #askNow(verbs: readonly string[]): Promise<DcsAnswer> {
    const isFresh = this.#running === undefined || this.#running.hasEnded;
    const answer = await this.#askOnce(verbs);
    // Somebody ends what names Patroni's file: a script of before that is gone says nothing about the DCS.
    const hasDied = answer.code === undefined && answer.answers.length === 0 && this.#running?.hasEnded === true;
    return hasDied && !isFresh ? this.#askOnce(verbs) : answer;
  }

  async #askOnce(verbs: readonly string[]): Promise<DcsAnswer> {
    if (this.#running === undefined || this.#running.hasEnded) {
      this.#running = await start(await this.#findPython(), this.#configFile);
    }
    const running = this.#running;
    setKeepsProcess(running, true);
    try {
      const answer = readAnswer(running);
      running.child.stdin.write(`${verbs.join(' ')}\n`);
      return await answer;
    } finally {
      setKeepsProcess(running, false);
    }
  }
}
