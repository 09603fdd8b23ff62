/**
 * Pushes that failed, for the agent's log: a store that refuses fails every file that waits, again and again, and says the
 * same of each. A reason is told once a minute, with how many files it stands for.
 *
 * @module
 */

import type { AgentEvent } from '../../archive/agent-event.ts';
import type { AgentLine } from './agent-words.ts';
import { countOf } from './format.ts';

/** A push that failed. */
export type PushFailed = Extract<AgentEvent, { readonly kind: 'pushFailed' }>;

const TOLD_EACH_MS = 60_000;
/** Longer than any pause between two tries, so that what was not told yet is counted by the next line. */
const FORGOTTEN_AFTER_MS = 600_000;

interface Told {
  readonly atMs: number;
  /** Files that failed since, for the same reason. */
  readonly since: Set<string>;
}

/** Remembers what was told. */
export class PushFailureWords {
  readonly #told = new Map<string, Told>();

  /** The line to tell; `undefined` if its reason was told within the last minute. */
  line({ fileName, message }: PushFailed, nowMs = Date.now()): AgentLine | undefined {
    // Paths and keys have the file's name in them.
    const reason = message.replaceAll(fileName, '');
    for (const [other, { atMs }] of this.#told) if (nowMs - atMs >= FORGOTTEN_AFTER_MS) this.#told.delete(other);
    const told = this.#told.get(reason);
    if (told !== undefined && nowMs - told.atMs < TOLD_EACH_MS) {
      told.since.add(fileName);
      return undefined;
    }
    this.#told.set(reason, { atMs: nowMs, since: new Set() });
    told?.since.delete(fileName);
    const others = told?.since.size ?? 0;
    const more = others === 0 ? '' : ` and ${countOf(others, 'other file')}`;
    return { text: `not pushed: ${fileName}${more}: ${message}`, isWarning: false };
  }
}
