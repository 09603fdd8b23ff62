/**
 * Questions that a command elsewhere asks, put to the person here.
 *
 * One that somebody has answered already is not put again when a job is watched from its beginning: its `answered` follows
 * at once, so each waits a moment.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { isFailure } from '../../base/failure.ts';
import type { Questions } from '../output/questions.ts';

const MOMENT_MS = 300;
const AGAIN_MS = 1000;

/** Tells the command the answer to a question; `undefined`: there is none. */
export type AnswerQuestion = (number: number, text: string | undefined) => Promise<void>;

/** Questions of one job. */
export class OpenQuestions {
  readonly #questions: Questions;
  readonly #answer: AnswerQuestion;
  readonly #open = new Map<number, AbortController>();

  constructor(questions: Questions, answer: AnswerQuestion) {
    this.#questions = questions;
    this.#answer = answer;
  }

  /** Puts a question, unless it is closed within a moment. Where nobody can answer it stays open for who can. */
  open(number: number, question: string): void {
    if (!this.#questions.canAsk) return;
    const closed = new AbortController();
    this.#open.set(number, closed);
    // What goes wrong once it is closed does not matter, and nothing else is thrown.
    this.#put(number, question, closed.signal).catch(() => {});
  }

  async #put(number: number, question: string, closed: AbortSignal): Promise<void> {
    await sleep(MOMENT_MS, undefined, { signal: closed });
    const text = await this.#questions.ask({ question, flag: '', signal: closed });
    while (!closed.aborted) {
      try {
        return await this.#answer(number, text);
      } catch (error) {
        // The connection is lost, and looked for again; or somebody else has answered.
        if (!isFailure(error, 'unavailable')) return;
        await sleep(AGAIN_MS, undefined, { signal: closed });
      }
    }
  }

  /** It is over. */
  close(number: number): void {
    this.#open.get(number)?.abort();
    this.#open.delete(number);
  }

  closeAll(): void {
    for (const number of this.#open.keys()) this.close(number);
  }
}
