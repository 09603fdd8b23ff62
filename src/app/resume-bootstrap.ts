/**
 * What is done before each start of Patroni: a bootstrap that was killed on this host is made ready to be gone on with.
 *
 * @module
 */

import { exists } from '../archive/server.ts';
import { isFailure, messageOf } from '../base/failure.ts';
import { noProgress } from '../base/progress.ts';
import { resumeBootstrap, settleOnceLeading, type ResumeRequest } from '../bootstrap/resume.ts';
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

function requestOf(plan: ContainerPlan, { note, signal }: Omit<ResumeOptions, 'pause'>): ResumeRequest {
  return {
    ...bootstrapRun(plan.paths.dataDirectory, { onProgress: noProgress, note, signal }),
    dcs: openDcs({ patroniConfig: plan.patroni.path }),
    member: plan.memberName,
    willGoOn: plan.clone !== undefined,
    watchMs: WATCH_MS,
  };
}

/** What is done once this member leads: a bootstrap that it came of is over. What cannot be told now is told at the next start. */
export async function noteTakenOver(plan: ContainerPlan, options: Omit<ResumeOptions, 'pause'>): Promise<void> {
  await settleOnceLeading(requestOf(plan, options)).catch((error: unknown) => {
    options.note(`cannot note that the bootstrap is over: ${messageOf(error)}`);
  });
}

/**
 * Does it. Where there are data, a DCS that does not answer is no reason to keep Patroni from starting: it has its own ways.
 *
 * @throws {Failure} what the resumption throws.
 */
export async function resumeBeforePatroni(plan: ContainerPlan, { note, pause, signal }: ResumeOptions): Promise<void> {
  const { dataDirectory } = plan.paths;
  const request = requestOf(plan, { note, signal });
  for (let told = false; ; told = true) {
    try {
      const did = await resumeBootstrap(request);
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
