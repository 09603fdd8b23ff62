/**
 * Swaps of data at a terminal: Ctrl-C in the middle of one stops it behind the step it is at, says what is half done, and
 * offers to finish it, to undo it, or to leave it for later. A second Ctrl-C ends the program at once; the journal knows
 * where. A terminal that goes away stops nothing: a cluster that is down is not left so because a connection broke.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import { mayStayRecovered } from '../recovery/give-up.ts';
import type { RecoveryContext } from '../recovery/recovery-context.ts';
import type { Session } from './session.ts';

/** What is swapped. */
interface Swapped {
  readonly id: string;
  readonly entries: readonly ({ readonly event: 'done'; readonly step: string } | { readonly event: string })[];
  /** True while the cluster serves. */
  readonly isUp: () => Promise<boolean>;
  /** True while an undo can be given up. */
  readonly mayStay: () => boolean;
}

/** A recovery on this host. */
export function swapped({ plan, journal, uses }: RecoveryContext): Swapped {
  const { entries } = journal;
  const isUp = async () => (await uses.cluster.state()) === 'running';
  return { id: plan.id, entries, isUp, mayStay: () => mayStayRecovered(entries) };
}

/** A swap: forth or back. */
export interface Swap {
  readonly of: Swapped;
  /** `cutover` and `reset` can be undone, `undo` be finished, or given up until the kept data have opened. */
  readonly name: 'cutover' | 'reset' | 'undo';
  readonly run: (signal: AbortSignal) => Promise<void>;
}

const FINISH = { cutover: 'walkback recover run', reset: 'walkback cluster reset', undo: 'walkback undo' } as const;

/** What is half done, in one line: `cutover stopped behind promote; the cluster is down`. */
async function whatIsHalfDone({ of, name }: Swap): Promise<string> {
  const done = of.entries.findLast((entry) => entry.event === 'done');
  const behind = done !== undefined && 'step' in done ? done.step : 'nothing';
  return `the ${name} is half done, stopped behind ${behind}; the cluster is ${(await of.isUp()) ? 'up' : 'down'}`;
}

function leftHalfDone(swap: Swap, found: string): Failure {
  const { id } = swap.of;
  const stay = swap.of.mayStay()
    ? `\nGive it up, and stay with the recovered data:\n    walkback recover run ${id}`
    : '';
  const undo = swap.name !== 'undo' ? `\nGo back:\n    walkback undo ${id}` : stay;
  return new Failure('refused', {
    message: `stopped, as asked: ${found}`,
    remedy: `Finish it:\n    ${FINISH[swap.name]} ${id}${undo}`,
  });
}

async function askHow(swap: Swap, found: string, { questions }: Session): Promise<string> {
  const words = swap.name !== 'undo' ? '"finish", "undo"' : '"finish"';
  const question = `\nStopped: ${found}.\nType ${words}, or Enter to leave it for later: `;
  return (await questions.ask({ question, flag: '' }))?.trim().toLowerCase() ?? '';
}

/**
 * Runs a swap to its end, or to where the operator wants it.
 *
 * @returns what the operator wants to become of it: `undo` has not been begun.
 * @throws {Failure} if it is left half done.
 */
export async function runSwap(swap: Swap, session: Session): Promise<'finished' | 'undo'> {
  const { reporter, questions } = session;
  for (;;) {
    using held = session.holdSignals((name) => {
      const asked = name === 'SIGINT' ? 'Ctrl-C' : name;
      reporter.note(`${asked}: the ${swap.name} stops when this step is done; once more, and at once.`);
    });
    try {
      await swap.run(held.signal);
      return 'finished';
    } catch (error) {
      if (!held.signal.aborted || isFailure(error)) throw error;
    }
    reporter.pause();
    const found = await whatIsHalfDone(swap);
    const wanted = questions.canAsk ? await askHow(swap, found, session) : '';
    if (wanted === 'undo' && swap.name !== 'undo') return 'undo';
    if (wanted !== 'finish') {
      held.giveUp();
      throw leftHalfDone(swap, found);
    }
  }
}
