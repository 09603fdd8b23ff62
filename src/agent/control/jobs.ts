/**
 * The jobs of an agent: starts them, lets callers listen, answer and interrupt.
 *
 * A job that changes something writes into a file and is a session of its own, so that it goes on when its caller, or the
 * agent, is gone; there is one at a time. One that only reads ends with its caller.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { followFile, followPipe } from './follow-frames.ts';
import { JobFolder, isJobId, listJobs, removeOldJobs, type Job, type ListedJob } from './job-folder.ts';

/** What jobs are run with. */
export interface JobsOptions {
  /** Where their folders are; made if need be. */
  readonly folder: string;
  /** The program and its arguments that run the job of a folder. */
  readonly commandFor: (jobFolder: string) => readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const MOST_READING = 8;
/** A caller that has started a job listens at once, or has gone away. */
const LISTENS_WITHIN_MS = 30_000;

function conflict(message: string, remedy: string): Failure {
  return new Failure('conflict', { message, remedy });
}

function noSuchJob(id: string): Failure {
  return new Failure('usage', {
    message: `cannot find the job ${JSON.stringify(id.slice(0, 40))}: this agent has none of that id`,
    remedy: 'It keeps those that run, and the last few.',
  });
}

/** A job that only reads, and the time within which its caller must listen; `undefined` once it does. */
interface ReadingJob {
  readonly child: ChildProcess;
  unheard: NodeJS.Timeout | undefined;
}

/** Jobs of one agent. */
export class Jobs {
  readonly #options: JobsOptions;
  /** The jobs that only read, as long as they run. */
  readonly #reading = new Map<string, ReadingJob>();
  #starting: Promise<unknown> = Promise.resolve();

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  #folderOf(id: string): JobFolder {
    if (!isJobId(id)) throw noSuchJob(id);
    return new JobFolder(this.#options.folder, id);
  }

  /** All of them, newest first. */
  async list(): Promise<ListedJob[]> {
    return listJobs(this.#options.folder);
  }

  /**
   * Starts a job. One of this id that has the same arguments has been started before, by a request whose answer was lost.
   *
   * @throws {Failure} `conflict` if another one changes something, or the id is taken; `unavailable` for too many.
   */
  async start(job: Job): Promise<void> {
    const mine = this.#starting.then(async () => this.#start(job));
    this.#starting = mine.catch(() => {});
    await mine;
  }

  async #start(job: Job): Promise<void> {
    const { folder: jobsFolder } = this.#options;
    const folder = this.#folderOf(job.id);
    await mkdir(jobsFolder, { recursive: true, mode: 0o700 });
    const before = await folder.readJob();
    if (before !== undefined && JSON.stringify(before.args) === JSON.stringify(job.args)) return;
    if (job.isChanging) await this.#refuseSecond(job);
    else this.#refuseMany();
    await removeOldJobs(jobsFolder);
    await folder.create(job);
    await folder.touch();
    try {
      await (job.isChanging ? this.#runApart(folder) : this.#runAttached(job.id, folder));
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  async #refuseSecond(job: Job): Promise<void> {
    const other = (await this.list()).find((one) => one.isRunning && one.job.isChanging)?.job;
    if (other === undefined) return;
    throw conflict(
      `cannot run "${job.shown}": "${other.shown}" runs already, started by ${other.by}`,
      `Watch it, and go on when it has ended:\n    walkback attach ${other.id}`,
    );
  }

  #refuseMany(): void {
    if (this.#reading.size < MOST_READING) return;
    throw new Failure('unavailable', {
      message: `cannot run another command: ${MOST_READING} are running for callers of this agent`,
      remedy: 'Try again when one has ended.',
    });
  }

  async #spawn(folder: JobFolder, stdout: number | 'pipe', isDetached: boolean): Promise<ChildProcess> {
    const [program = '', ...args] = this.#options.commandFor(folder.path);
    const stderr = await open(folder.file('stderr'), 'a', 0o600);
    try {
      const child = spawn(program, args, {
        env: { ...this.#options.environment },
        stdio: ['ignore', stdout, stderr.fd],
        detached: isDetached,
      });
      await once(child, 'spawn');
      await folder.noteProcess(child.pid ?? 0);
      return child;
    } catch (error) {
      throw new Failure('failed', {
        message: `cannot start walkback: ${messageOf(error)}`,
        remedy: 'Look whether this user may start another process, and whether there is memory for it.',
        cause: error,
      });
    } finally {
      await stderr.close();
    }
  }

  /** Goes on whoever ends: its output is a file, its session its own. */
  async #runApart(folder: JobFolder): Promise<void> {
    const frames = await open(folder.file('frames'), 'a', 0o600);
    try {
      const child = await this.#spawn(folder, frames.fd, true);
      child.unref();
    } finally {
      await frames.close();
    }
  }

  async #runAttached(id: string, folder: JobFolder): Promise<void> {
    const child = await this.#spawn(folder, 'pipe', false);
    this.#reading.set(id, { child, unheard: setTimeout(() => void this.#end(id), LISTENS_WITHIN_MS).unref() });
  }

  async #end(id: string): Promise<void> {
    const reading = this.#reading.get(id);
    if (reading === undefined) return;
    this.#reading.delete(id);
    clearTimeout(reading.unheard);
    reading.child.stdout?.destroy();
    reading.child.kill('SIGTERM');
    await this.#folderOf(id).remove();
  }

  /**
   * The lines of a job's frames, from a number on, until it has ended.
   *
   * @throws {Failure} `usage` if there is no such job; `conflict` if another caller listens to one that only reads.
   */
  async follow(id: string, from: number, signal: AbortSignal): Promise<AsyncGenerator<string>> {
    const folder = this.#folderOf(id);
    const job = await folder.readJob();
    if (job === undefined) throw noSuchJob(id);
    if (job.isChanging) return this.#followApart(folder, from, signal);
    const reading = this.#reading.get(id);
    const output = reading?.child.stdout;
    if (reading?.unheard === undefined || output === undefined || output === null) {
      throw conflict(`cannot listen to "${job.shown}": it has a caller, and ends with it`, 'Run the command again.');
    }
    clearTimeout(reading.unheard);
    reading.unheard = undefined;
    return this.#followAttached(id, output, folder);
  }

  async *#followApart(folder: JobFolder, from: number, signal: AbortSignal): AsyncGenerator<string> {
    await folder.touch();
    const touching = setInterval(() => void folder.touch(), 5000).unref();
    try {
      yield* followFile(folder, from, signal);
    } finally {
      clearInterval(touching);
    }
  }

  async *#followAttached(id: string, output: AsyncIterable<Buffer>, folder: JobFolder): AsyncGenerator<string> {
    try {
      yield* followPipe(output, folder);
    } finally {
      await this.#end(id);
    }
  }

  /** Ends a job that only reads, whose caller has gone away. */
  async forget(id: string): Promise<void> {
    await this.#end(id);
  }

  /** Answers a question. @throws {Failure} `conflict` if it has an answer already. */
  async answer(id: string, number: number, text: string | undefined): Promise<void> {
    const folder = this.#folderOf(id);
    if ((await folder.readJob()) === undefined) throw noSuchJob(id);
    if (await folder.answer(number, text)) return;
    throw conflict('cannot answer: somebody else has answered that question', 'Go on watching.');
  }

  /** Interrupts a job as Ctrl-C would at its terminal. @throws {Failure} `usage` if it does not run. */
  async interrupt(id: string): Promise<void> {
    const pid = await this.#folderOf(id).runningProcess();
    if (pid === undefined || pid === 0) {
      throw new Failure('usage', {
        message: `cannot interrupt the job ${id}: it does not run`,
        remedy: `See how it ended:\n    walkback attach ${id}`,
      });
    }
    process.kill(pid, 'SIGINT');
  }

  /** The agent ends: what only reads ends with it, what changes something goes on. */
  async close(): Promise<void> {
    for (const id of this.#reading.keys()) await this.#end(id);
  }
}
