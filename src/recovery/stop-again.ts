/**
 * The live server is stopped some steps before its data are moved, and a run may end in between. A machine that came up again, or
 * somebody, may have started it since: what it has done then is archived too, and its data are moved when it has stopped again.
 *
 * @module
 */

import type { ServerState } from '../instance/live-server.ts';
import { archiveRest } from './archive-tail.ts';
import { factsOf, type StepFacts } from './journal.ts';
import type { RecoveryContext } from './recovery-context.ts';

/** The steps that had stopped it, and how it is stopped once more. */
export interface StoppedBy {
  readonly stop: 'stopLive' | 'undoStop';
  readonly rest: 'archiveRest' | 'undoArchiveRest';
  /** Leaves it stopped, or crashed where nothing else can be. */
  readonly stopAgain: () => Promise<unknown>;
}

/** One that the step has left crashed has not. */
function hasRunSince(state: ServerState, { journal }: RecoveryContext, { stop }: StoppedBy): boolean {
  const left = factsOf(journal.entries, stop);
  return state === 'running' || (state === 'crashed' && (left?.['after'] ?? left?.['before']) !== 'crashed');
}

/**
 * Stops the live server and pushes what it had not archived, if it has run since it was stopped.
 *
 * @returns facts of the step that moves its data; none where it has not run.
 */
export async function stopIfStartedSince(context: RecoveryContext, by: StoppedBy): Promise<StepFacts> {
  const { uses, journal } = context;
  const { cluster } = uses;
  const found = await cluster.state();
  if (!hasRunSince(found, context, by)) return {};
  // First: whoever is killed behind the stop sees by it that there is WAL to push.
  await journal.append({ event: 'begin', step: by.rest });
  await by.stopAgain();
  const pushed = await archiveRest(uses, cluster.dataDirectory);
  await journal.append({ event: 'done', step: by.rest, facts: { pushed } });
  return { foundAgain: found };
}
