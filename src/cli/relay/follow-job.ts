/**
 * The side that watches: shows what a job says elsewhere as if it ran here, asks what it asks, and finds it again when the
 * connection is lost.
 *
 * Ctrl-C is for this side first: a job that only reads ends; of one that changes something, the operator says whether it is
 * to be interrupted or to go on.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Frame } from '../../agent/control/frames.ts';
import type { RemoteAgent } from '../../app/remote-agent.ts';
import { Failure, isFailure } from '../../base/failure.ts';
import type { Session } from '../session.ts';
import type { HeldSignals } from '../signals.ts';
import type { Streams } from '../streams.ts';
import { reportAgain } from './frame-reporter.ts';
import { OpenQuestions } from './open-questions.ts';

/** A job elsewhere. */
export interface FollowedJob {
  readonly agent: RemoteAgent;
  readonly id: string;
  readonly isChanging: boolean;
}

/** Where it is shown. */
export interface Watch {
  readonly session: Session;
  readonly streams: Streams;
}

const LOST_FOR_MS = 10 * 60_000;
const AGAIN_MS = 1000;

function attachLine({ agent, id }: FollowedJob): string {
  return `walkback attach ${id} --via ${agent.address}`;
}

function leftRunning(job: FollowedJob): Failure {
  return new Failure('refused', {
    message: `stopped watching: the command goes on at ${job.agent.address}`,
    remedy: `Watch it again, and interrupt it or not:\n    ${attachLine(job)}`,
  });
}

function lost(job: FollowedJob): Failure {
  return new Failure('failed', {
    message: `cannot tell how the command has ended: its process at ${job.agent.address} is gone`,
    remedy:
      'It was killed, or the machine was started again. What it has done is in its journal:\n    walkback recover status',
  });
}

class Follower {
  readonly #job: FollowedJob;
  readonly #watch: Watch;
  readonly #questions: OpenQuestions;
  #seen = 0;

  constructor(job: FollowedJob, watch: Watch) {
    this.#job = job;
    this.#watch = watch;
    this.#questions = new OpenQuestions(watch.session.questions, (number, text) =>
      job.agent.answer(job.id, number, text),
    );
  }

  /** Shows one frame. Answers the exit code with the last. */
  async #show(frame: Frame): Promise<number | undefined> {
    const { session, streams } = this.#watch;
    if (frame.kind !== 'beat') this.#seen += 1;
    switch (frame.kind) {
      case 'out':
        await session.write(frame.text);
        return undefined;
      case 'err':
        await streams.err.write(frame.text);
        return undefined;
      case 'report':
        reportAgain(frame, session.reporter);
        return undefined;
      case 'ask':
        this.#questions.open(frame.number, frame.question);
        return undefined;
      case 'answered':
        this.#questions.close(frame.number);
        return undefined;
      case 'exit':
        return frame.code;
      case 'lost':
        throw lost(this.#job);
      case 'beat':
        return undefined;
      default:
        return frame satisfies never;
    }
  }

  /** Shows what is said over one connection. `undefined`: the connection has ended, and the job has not. */
  async #once(signal: AbortSignal): Promise<number | undefined> {
    const { agent, id } = this.#job;
    for await (const frame of agent.frames(id, this.#seen, signal)) {
      const code = await this.#show(frame);
      if (code !== undefined) return code;
    }
    return undefined;
  }

  /** Until the job has ended, whatever happens to the connection. */
  async #toItsEnd(signal: AbortSignal): Promise<number> {
    const { isChanging, agent } = this.#job;
    let lostAtMs: number | undefined;
    for (;;) {
      const seenBefore = this.#seen;
      try {
        const code = await this.#once(signal);
        if (code !== undefined) return code;
        throw connectionEnded(agent.address);
      } catch (error) {
        signal.throwIfAborted();
        if (!isChanging || !isFailure(error, 'unavailable')) throw error;
        if (this.#seen > seenBefore) lostAtMs = undefined;
        if (lostAtMs === undefined) this.#tellLost(error.message);
        lostAtMs ??= Date.now();
        if (Date.now() - lostAtMs > LOST_FOR_MS) throw leftRunning(this.#job);
        await sleep(AGAIN_MS, undefined, { signal });
      }
    }
  }

  #tellLost(why: string): void {
    this.#watch.session.reporter.warn(`${why}; the command goes on there, and is looked for again`);
  }

  /** Reading has no side effects: Ctrl-C ends it, here and there. */
  async followReading(): Promise<number> {
    const { signal } = this.#watch.session;
    return this.#ended(() => this.#toItsEnd(signal));
  }

  /** @throws {Failure} if it is left running. */
  async followChanging(): Promise<number> {
    const { session } = this.#watch;
    return this.#ended(async () => {
      for (;;) {
        using held = session.holdSignals(() => {});
        try {
          return await this.#toItsEnd(held.signal);
        } catch (error) {
          if (!held.signal.aborted) throw error;
        }
        await this.#onCtrlC(held);
      }
    });
  }

  async #ended(work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } finally {
      this.#questions.closeAll();
    }
  }

  async #onCtrlC(held: HeldSignals): Promise<void> {
    const { questions, reporter } = this.#watch.session;
    this.#questions.closeAll();
    reporter.pause();
    const question = `\nThe command runs at ${this.#job.agent.address}, whatever happens here.\nType "interrupt" to interrupt it there, or Enter to leave it running: `;
    const wanted = questions.canAsk ? await questions.ask({ question, flag: '' }) : undefined;
    if (wanted?.trim().toLowerCase() !== 'interrupt') {
      held.giveUp();
      throw leftRunning(this.#job);
    }
    await this.#job.agent.interrupt(this.#job.id).catch((error: unknown) => {
      // It has ended meanwhile, which the next look shows.
      if (!isFailure(error, 'usage')) throw error;
    });
  }
}

function connectionEnded(address: string): Failure {
  return new Failure('unavailable', {
    message: `cannot go on listening: the agent at ${address} has closed the connection`,
    remedy: 'Look whether it still runs.',
  });
}

/** Shows a job until it has ended. Answers its exit code. @throws {Failure} */
export async function followJob(job: FollowedJob, watch: Watch): Promise<number> {
  const follower = new Follower(job, watch);
  return job.isChanging ? follower.followChanging() : follower.followReading();
}
