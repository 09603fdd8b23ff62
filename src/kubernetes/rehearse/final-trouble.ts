/**
 * When a trouble that does not pass by itself is given up: not at once, for somebody may be mending it, and Kubernetes tries again.
 *
 * @module
 */

import type { PodTrouble } from './rehearsal.ts';

/** Follows what is seen of one pod, look by look. */
export class FinalTrouble {
  #sinceMs: number | undefined;

  /**
   * The trouble, once it has been final at every look for longer than `ms`.
   *
   * @param trouble what is seen now.
   */
  lasting(trouble: PodTrouble | undefined, ms: number): PodTrouble | undefined {
    this.#sinceMs = trouble?.isFinal === true ? (this.#sinceMs ?? performance.now()) : undefined;
    const isLasting = this.#sinceMs !== undefined && performance.now() - this.#sinceMs > ms;
    return isLasting ? trouble : undefined;
  }
}
