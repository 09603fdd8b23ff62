/**
 * Looks at the member again and again, and remembers what was seen: a probe is answered from that, at once, however slow
 * Patroni or the leader are.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../base/failure.ts';
import { AcceptanceMemory, type Looked } from './acceptance-memory.ts';
import type { Acceptance, MemberFacts } from './readiness.ts';

/** Where it is looked. */
export interface MemberSources {
  /** What Patroni says now; `undefined` if it does not answer. */
  readonly readMember: (signal: AbortSignal) => Promise<MemberFacts | undefined>;
  /** Compares a replica that runs with the leader. */
  readonly lookAtReplica: (signal: AbortSignal) => Promise<Looked>;
  /** Has Patroni read its file again. */
  readonly reload: () => Promise<void>;
}

const LOOK_EVERY_MS = 1000;
/** One that was accepted is compared by statements on the leader, which has others to answer. */
const ACCEPTED_LOOK_EVERY_MS = 3000;
/** A look that takes longer says that nobody has answered. */
const LOOK_TIMEOUT_MS = 15_000;

/** The member, as last seen. */
export class MemberWatch {
  readonly #sources: MemberSources;
  readonly #memory = new AcceptanceMemory();
  member: MemberFacts | undefined;
  acceptance: Acceptance | undefined;

  constructor(sources: MemberSources) {
    this.#sources = sources;
  }

  /** Looks until the signal; `onLook` is told after each look. */
  async run(signal: AbortSignal, onLook: () => void): Promise<void> {
    while (!signal.aborted) {
      await this.#look(AbortSignal.any([signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]));
      onLook();
      const pauseMs = this.acceptance?.accepted === true ? ACCEPTED_LOOK_EVERY_MS : LOOK_EVERY_MS;
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const member = await this.#sources.readMember(signal).catch(() => undefined);
    if (member?.role !== 'replica') {
      this.#memory.forget();
      this.acceptance = undefined;
      this.member = member;
      return;
    }
    const looked = await this.#sources
      .lookAtReplica(signal)
      .catch((error: unknown) => ({ accepted: undefined, why: messageOf(error) }) as const);
    this.acceptance = this.#memory.take(looked, member, Date.now());
    this.member = member;
  }
}
