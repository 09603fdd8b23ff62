/**
 * Jobs on disk: a folder for each command that runs for a caller elsewhere, so that its output outlives the caller, the
 * connection and the agent.
 *
 * | file | holds |
 * |---|---|
 * | `job.json` | what to run, and for whom (its terminal's width and locale); written before the process starts |
 * | `process` | which process it is |
 * | `frames` | what it says, a frame a line; written by the process itself |
 * | `stderr` | what it says beside frames: a crash |
 * | `attached` | touched while a caller listens |
 * | `answer.N` | a caller's answer to question N |
 *
 * Nothing is synced: what a recovery has done is in its journal, not here.
 *
 * @module
 */

import { link, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { Failure, messageOf } from '../../base/failure.ts';
import { identityOf, isSameProcessAlive } from '../../instance/process-identity.ts';

/** What is known of the caller's terminal, so that output looks as if it was run there. */
export interface CallerScreen {
  readonly out: TerminalFacts;
  readonly err: TerminalFacts;
  /** A person can be asked. */
  readonly canAsk: boolean;
  /** The zone of the caller's host, an IANA name. */
  readonly zone: string;
  /** `LANG`, `LC_ALL`, `LC_CTYPE`, `TERM`, `NO_COLOR`: those that are set. They reach the output alone, no server. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One of the caller's streams. */
export interface TerminalFacts {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
}

/** What to run. */
export interface Job {
  readonly id: string;
  /** The command and its arguments, as the caller gave them. */
  readonly args: readonly string[];
  /** The agent's own flags that the command takes too. */
  readonly ownFlags: readonly string[];
  /** It changes something: one at a time, and it goes on without its caller. */
  readonly isChanging: boolean;
  /** Fit to be shown and logged: no values that may be secret. */
  readonly shown: string;
  /** Who asked, as the caller says. */
  readonly by: string;
  readonly startedAtMs: number;
  readonly screen: CallerScreen;
}

const ID = /^[0-9a-f]{32}$/;
/** Between its folder and its process there is no time worth mentioning, unless the machine died then. */
const STARTING_MS = 30_000;
const KEPT_JOBS = 20;

/** True for the id of a job: 128 random bits as hex. */
export function isJobId(text: string): boolean {
  return ID.test(text);
}

/** The folder of one job. */
export class JobFolder {
  readonly path: string;

  constructor(jobsFolder: string, id: string) {
    this.path = join(jobsFolder, id);
  }

  file(name: 'job.json' | 'process' | 'frames' | 'stderr' | 'attached'): string {
    return join(this.path, name);
  }

  /** What it runs; `undefined` if there is no such job. */
  async readJob(): Promise<Job | undefined> {
    const text = await readFile(this.file('job.json'), 'utf8').catch(() => undefined);
    // Only this program writes it, into a folder that only its user can write in.
    return text === undefined ? undefined : (JSON.parse(text) as Job);
  }

  /** @throws {Failure} `conflict` if there is one of this id. */
  async create(job: Job): Promise<void> {
    try {
      await mkdir(this.path, { mode: 0o700 });
      await writeFile(this.file('job.json'), JSON.stringify(job), { mode: 0o600 });
    } catch (error) {
      const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      throw new Failure(isThere ? 'conflict' : 'failed', {
        message: `cannot start a job: ${isThere ? `there is one with the id ${job.id}` : messageOf(error)}`,
        remedy: isThere ? 'Attach to it, or start one of another id.' : `Look at ${this.path}.`,
        cause: error,
      });
    }
  }

  async noteProcess(pid: number): Promise<void> {
    const { start, boot } = await identityOf(pid);
    await writeFile(this.file('process'), `${pid} ${start} ${boot}\n`, { mode: 0o600 });
  }

  /** Its process, if it runs; 0 while it is being started. */
  async runningProcess(): Promise<number | undefined> {
    const text = await readFile(this.file('process'), 'utf8').catch(() => undefined);
    if (text === undefined) {
      const begun = await stat(this.file('job.json')).catch(() => undefined);
      return begun !== undefined && Date.now() - begun.mtimeMs < STARTING_MS ? 0 : undefined;
    }
    const [pidText = '', start = '', boot = ''] = text.trim().split(' ');
    const pid = Number(pidText);
    return (await isSameProcessAlive({ pid, start, boot })) ? pid : undefined;
  }

  /** Notes that a caller listens now. */
  async touch(): Promise<void> {
    const now = new Date();
    await utimes(this.file('attached'), now, now).catch(async () => {
      await writeFile(this.file('attached'), '', { mode: 0o600 }).catch(() => {});
    });
  }

  /** How long nobody has been listening. */
  async unattachedMs(): Promise<number> {
    const touched = await stat(this.file('attached')).catch(() => stat(this.file('job.json')));
    return Date.now() - touched.mtimeMs;
  }

  #answerFile(number: number): string {
    return join(this.path, `answer.${number}`);
  }

  /** Answers a question; `undefined`: no answer. The first answer counts. True if it was the first. */
  async answer(number: number, text: string | undefined): Promise<boolean> {
    const mine = join(this.path, `answer.${randomBytes(6).toString('hex')}.new`);
    await writeFile(mine, JSON.stringify({ text }), { mode: 0o600 });
    try {
      await link(mine, this.#answerFile(number));
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(mine, { force: true });
    }
  }

  /** The answer to a question; `undefined` if there is none yet. */
  async readAnswer(number: number): Promise<{ readonly text?: string } | undefined> {
    const text = await readFile(this.#answerFile(number), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as { readonly text?: string });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** One job with what became of it. */
export interface ListedJob {
  readonly job: Job;
  readonly isRunning: boolean;
}

/** The jobs that there are, newest first. */
export async function listJobs(jobsFolder: string): Promise<ListedJob[]> {
  const names = await readdir(jobsFolder).catch(() => []);
  const found = await Promise.all(
    names.filter(isJobId).map(async (id) => {
      const folder = new JobFolder(jobsFolder, id);
      const job = await folder.readJob().catch(() => undefined);
      return job === undefined ? [] : [{ job, isRunning: (await folder.runningProcess()) !== undefined }];
    }),
  );
  return found.flat().toSorted((a, b) => b.job.startedAtMs - a.job.startedAtMs);
}

/** Removes jobs that are over, but for the last {@link KEPT_JOBS}. */
export async function removeOldJobs(jobsFolder: string): Promise<void> {
  const over = (await listJobs(jobsFolder)).filter(({ isRunning }) => !isRunning);
  for (const { job } of over.slice(KEPT_JOBS)) await new JobFolder(jobsFolder, job.id).remove();
}
