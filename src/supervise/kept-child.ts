/**
 * One child that is kept: started, started again when it ends, stopped when asked.
 *
 * Each child leads a process group of its own. What a child has started and left behind in that group (a replica that is
 * being created, a clone) is ended before the child is started again: two of them would write into one data directory.
 * PostgreSQL is not among them: Patroni gives it a session of its own, and a Patroni that is started again takes it over.
 *
 * Source: Patroni `patroni/postgresql/postmaster.py` (`pg_ctl_start`), `cancellable.py`.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';
import { afterEnd, type RestartPolicy } from './restart-policy.ts';
import type { ChildName, ReportSupervision } from './supervision-event.ts';

/** What is started. */
export interface ChildProgram {
  readonly name: ChildName;
  readonly program: string;
  readonly args: readonly string[];
  /** The whole of its environment: it inherits nothing. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What keeping it needs. */
export interface KeptChildOptions {
  readonly program: ChildProgram;
  readonly policy: RestartPolicy;
  readonly report: ReportSupervision;
  /** Done before each start; its failure counts as an end. */
  readonly beforeStart?: () => Promise<void>;
  /** Told of each process, and of its end. */
  readonly onProcess?: (processId: number | undefined) => Promise<void>;
}

/** How a child ended. */
interface Ending {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly message: string | undefined;
}

/** Why it is not kept any more. */
export type KeptUntil = 'stopped' | 'gaveUp';

/** Ends every process of a child's group. */
export function endGroup(processId: number): void {
  try {
    process.kill(-processId, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

/** A child, kept. */
export class KeptChild {
  readonly #options: KeptChildOptions;
  readonly #stopping = new AbortController();
  #running: ChildProcess | undefined;
  #ended: Promise<Ending> | undefined;
  #endsInARow = 0;
  #resume: PromiseWithResolvers<void> | undefined;

  constructor(options: KeptChildOptions) {
    this.#options = options;
  }

  /** The process, while it runs. */
  get processId(): number | undefined {
    return this.#running?.pid;
  }

  /** Ends since it was last well. */
  get endsInARow(): number {
    return this.#endsInARow;
  }

  /** Not started before {@link resume}. */
  get isHeld(): boolean {
    return this.#resume !== undefined;
  }

  /** It does its work: ends are counted anew. */
  noteWell(): void {
    this.#endsInARow = 0;
  }

  /** Keeps it until it is stopped or given up. */
  async keep(): Promise<KeptUntil> {
    const { report, program } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await this.#whileHeld();
      if (this.#stopping.signal.aborted) break;
      const startedMs = Date.now();
      const ending = await this.#runOnce();
      if (this.#stopping.signal.aborted || this.isHeld) continue;
      const ranMs = Date.now() - startedMs;
      this.#endsInARow = ranMs >= (this.#options.policy.wellAfterMs ?? Infinity) ? 1 : this.#endsInARow + 1;
      const next = afterEnd(this.#options.policy, this.#endsInARow);
      const pauseMs = next.kind === 'restart' ? next.pauseMs : undefined;
      report({ kind: 'ended', name: program.name, ...ending, ranMs, pauseMs });
      if (next.kind === 'giveUp') {
        report({ kind: 'gaveUp', name: program.name, endsInARow: this.#endsInARow });
        return 'gaveUp';
      }
      await sleep(next.pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
    return 'stopped';
  }

  /** Stops it, and starts it no more; after `limitMs` without mercy. */
  async stop(limitMs: number): Promise<void> {
    this.#stopping.abort();
    this.#resume?.resolve();
    await this.#terminate(limitMs);
  }

  /** Stops it, and does not start it again before {@link resume}. */
  async hold(limitMs: number): Promise<void> {
    this.#resume ??= Promise.withResolvers();
    await this.#terminate(limitMs);
  }

  /** Starts it again. */
  resume(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    this.#endsInARow = 0;
    resume?.resolve();
  }

  async #whileHeld(): Promise<void> {
    while (this.#resume !== undefined && !this.#stopping.signal.aborted) await this.#resume.promise;
  }

  async #terminate(limitMs: number): Promise<void> {
    const child = this.#running;
    const ended = this.#ended;
    if (child?.pid === undefined || ended === undefined) return;
    const { name } = this.#options.program;
    this.#options.report({ kind: 'stopping', name });
    const startedMs = Date.now();
    // It alone: what it has started is its own to end, in its own order.
    child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.#options.report({ kind: 'killed', name, limitMs });
      if (child.pid !== undefined) endGroup(child.pid);
    }, limitMs);
    await ended;
    clearTimeout(timer);
    this.#options.report({ kind: 'stopped', name, tookMs: Date.now() - startedMs });
  }

  async #runOnce(): Promise<Ending> {
    const { program, beforeStart, onProcess, report } = this.#options;
    try {
      await beforeStart?.();
    } catch (error) {
      return { code: undefined, signal: undefined, message: messageOf(error) };
    }
    if (this.#stopping.signal.aborted || this.isHeld) return { code: undefined, signal: undefined, message: undefined };
    const child = spawn(program.program, program.args, {
      env: program.environment,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    this.#running = child;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: undefined, signal: undefined, message: messageOf(error) }));
      child.once('exit', (code, signal) =>
        resolve({ code: code ?? undefined, signal: signal ?? undefined, message: undefined }),
      );
    });
    const { pid } = child;
    if (pid !== undefined) {
      report({ kind: 'started', name: program.name, processId: pid });
      await onProcess?.(pid);
    }
    const ending = await this.#ended;
    if (pid !== undefined) endGroup(pid);
    this.#running = undefined;
    await onProcess?.(undefined);
    return ending;
  }
}
