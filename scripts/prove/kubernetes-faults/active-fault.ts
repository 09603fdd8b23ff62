/**
 * A fault that is at work.
 *
 * @module
 */

import type { ApiWatcher } from '../../../tests/support/kubernetes/api-proxy.ts';
import type { FaultScene } from './fault-scene.ts';
import type { RecoveryWatch } from './recovery-watch.ts';

/** Which recovery it meets, and where. */
export interface Met {
  readonly scene: FaultScene;
  readonly watch: RecoveryWatch;
  /** SIGKILL of the walkback that is at work. */
  readonly kill: () => void;
}

/** One that has begun. */
export interface ActiveFault {
  /** What it does to requests. */
  readonly watcher?: ApiWatcher;
  /** Puts right what an operator would put right before going on. May be called when it is right already. */
  readonly mend: () => Promise<void>;
}

/** One that may begin. */
export interface FaultKind {
  readonly begin: (met: Met) => Promise<ActiveFault>;
  /** Options of the plan that it is met with. */
  readonly planned?: readonly string[];
  /** The plan itself cannot be carried out. */
  readonly endsInUndo?: boolean;
}

/** Mends by itself after so long, as an operator does who has seen it; or when the run has ended. */
export function forSomeTime(ms: number, end: () => Promise<void>): () => Promise<void> {
  let ended: Promise<void> | undefined;
  const once = async (): Promise<void> => (ended ??= end());
  const timer = setTimeout(() => void once().catch(() => {}), ms);
  return async () => {
    clearTimeout(timer);
    await once();
  };
}
