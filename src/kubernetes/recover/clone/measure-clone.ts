/**
 * Asks the pod of a clone how far it is, every few seconds, beside the waiting for it.
 *
 * @module
 */

import type { SwapContext } from '../context.ts';
import type { CloneSight } from './clone-log.ts';
import { MEASURE, measureOf } from './clone-progress.ts';

/** All files of a large volume are looked at. */
const EVERY_MS = 5000;

/** What the pod has answered last. */
export interface Measuring extends Disposable {
  /** Asks again where that is due, and does not wait for the answer. */
  last(sight: CloneSight): string;
}

/** Begins. What cannot be asked ends nothing: it is for people. */
export function measureClone({ uses, plan }: SwapContext, pod: string): Measuring {
  const { container, dataDirectory } = plan.swap.live;
  const over = new AbortController();
  let [text, dueMs] = ['', 0];
  let asking: Promise<void> | undefined;
  const ask = async (what: string): Promise<void> => {
    const command = ['sh', '-c', MEASURE, 'sh', dataDirectory, what];
    const outcome = await uses.api.exec(pod, container, command, { signal: over.signal }).catch(() => undefined);
    text = outcome?.stdout ?? '';
    dueMs = Date.now() + EVERY_MS;
    asking = undefined;
  };
  return {
    last: (sight) => {
      if (Date.now() >= dueMs) asking ??= ask(measureOf(sight));
      return text;
    },
    [Symbol.dispose]: () => over.abort(),
  };
}
