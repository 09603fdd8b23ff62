/**
 * What is done before each start of Patroni: a bootstrap that was killed on this host is made ready to be gone on with.
 *
 * @module
 */

import { exists } from '../archive/server.ts';
import { isFailure } from '../base/failure.ts';
import { noProgress } from '../base/progress.ts';
import { resumeBootstrap } from '../bootstrap/resume.ts';
import { openDcs } from '../cluster/patroni/dcs.ts';
import type { ContainerPlan } from '../container/container-plan.ts';
import { bootstrapRun } from './open-bootstrap.ts';

/** Longer than Patroni's members need to show themselves, at its usual `loop_wait` of 10 s. */
const WATCH_MS = 30_000;

/** How to go about it. */
export interface ResumeOptions {
  readonly note: (line: string) => void;
  /** Between two questions to a DCS that does not answer; throws when it is to be given up. */
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Does it. Where there are data, a DCS that does not answer is no reason to keep Patroni from starting: it has its own ways.
 *
 * @throws {Failure} what the resumption throws.
 */
export async function resumeBeforePatroni(plan: ContainerPlan, { note, pause, signal }: ResumeOptions): Promise<void> {
  const { dataDirectory } = plan.paths;
  const run = bootstrapRun(dataDirectory, { onProgress: noProgress, note, signal });
  const request = {
    ...run,
    dcs: openDcs({ patroniConfig: plan.patroni.path }),
    member: plan.memberName,
    willGoOn: plan.clone !== undefined,
  };
  for (let told = false; ; told = true) {
    try {
      const did = await resumeBootstrap({ ...request, watchMs: WATCH_MS });
      if (!did.startsWith('nothing')) note(`bootstrap: ${did}`);
      return;
    } catch (error) {
      if (!isFailure(error, 'unavailable')) throw error;
      if (!told) note(`cannot look whether a bootstrap was killed here: ${error.message}`);
      if (await exists(`${dataDirectory}/PG_VERSION`)) return;
      await pause();
    }
  }
}
