/**
 * Questions to the operator: asked at a terminal only. Elsewhere a missing answer is an error that names the flag.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

import { Failure } from '../../base/failure.ts';

/** Asks. */
export interface Questions {
  /** True where a person can answer. */
  readonly canAsk: boolean;
  /**
   * Asks for a word to be typed, such as the cluster's name. True if exactly it was typed; anything else is a no.
   *
   * @throws {Failure} `usage` where nobody can answer, naming `flag`.
   */
  readonly confirm: (given: {
    readonly question: string;
    readonly word: string;
    readonly flag: string;
  }) => Promise<boolean>;
  /** Asks for a line; `undefined` at the end of input. @throws {Failure} as `confirm`. */
  readonly ask: (given: {
    readonly question: string;
    readonly flag: string;
    /** Takes the question back; `ask` then rejects. */
    readonly signal?: AbortSignal;
  }) => Promise<string | undefined>;
}

/** Where nobody can answer. */
export function cannotAsk(question: string, flag: string): Failure {
  return new Failure('usage', {
    message: `cannot ask ${JSON.stringify(question.trim().split('\n').at(-1))}: this is not a terminal`,
    remedy: `Give ${flag} to answer it beforehand.`,
  });
}

/** Questions over two streams; `isTerminal` if a person sits at both. */
export function questionsOver(given: {
  readonly input: Readable;
  readonly output: Writable;
  readonly isTerminal: boolean;
  readonly signal: AbortSignal;
  readonly beforeAsking: () => void;
}): Questions {
  const ask: Questions['ask'] = async ({ question, flag, signal }) => {
    if (!given.isTerminal) throw cannotAsk(question, flag);
    given.beforeAsking();
    const lines = createInterface({ input: given.input, output: given.output });
    const untilTakenBack = signal === undefined ? given.signal : AbortSignal.any([given.signal, signal]);
    const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
    try {
      return await Promise.race([lines.question(question, { signal: untilTakenBack }), ended]);
    } finally {
      lines.close();
    }
  };
  return {
    canAsk: given.isTerminal,
    ask,
    confirm: async ({ question, word, flag }) => (await ask({ question, flag }))?.trim() === word,
  };
}
