/**
 * `bootstrap clone`: a new cluster from an archive, at exactly the target that was asked for, or no cluster at all.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import { asTyped } from '../history/target-words.ts';
import { makeFolder } from '../instance/durable-rename.ts';
import { newAttemptId, writeClonePlan } from './attempt.ts';
import { lockBootstrap } from './bootstrap-lock.ts';
import { cloneContext } from './clone-context.ts';
import type { ClonePlan } from './clone-plan-value.ts';
import { checkNotMade } from './clone-record.ts';
import { cloneSteps } from './clone-steps.ts';
import { anewWords, earlierAttempt } from './earlier-attempt.ts';
import { inBootstrapWords } from './failure-words.ts';
import { isInPlace } from './in-place.ts';
import {
  factOf,
  findFact,
  hasStepBegun,
  isStepDone,
  openBootstrapJournal,
  readBootstrapJournal,
  type BootstrapEntry,
  type BootstrapJournal,
} from './journal.ts';
import { bytesThatGo, makeRoom } from './make-room.ts';
import { checkPlace, hasData } from './place.ts';
import { planClone, requestFacts } from './plan-clone.ts';
import { runSteps } from './runner.ts';
import type { CloneRequest, CloneUses } from './uses.ts';

/** What came of it: the proof. */
export interface CloneOutcome {
  readonly plan: ClonePlan;
  readonly timeline: number;
  /** As the history file of that timeline says: `before LSN 0/3000148`. */
  readonly reason: string;
  /** Where recovery ended and the new timeline begins. */
  readonly switchLsn: string;
  /** The data as they were recovered, where an upgrade followed. */
  readonly recoveredData: string | undefined;
}

/** How a run is told of, and who it is run for. */
export interface CloneHooks {
  /** The plan that is carried out, new or gone on with. */
  readonly onPlan: (plan: ClonePlan, isGoneOnWith: boolean) => void;
  readonly onEntry: (entry: BootstrapEntry) => void;
  /** True once the program that started this one has ended. */
  readonly isOrphan: () => boolean;
}

/**
 * The plan alone: what `--dry-run` shows. Nothing is changed. An attempt of this host is looked at as the clone itself does:
 * a container that starts again after its clone has failed is not refused for what is left of it.
 */
export async function planBootstrapClone(uses: CloneUses, request: CloneRequest): Promise<ClonePlan> {
  const { place, writesTo, note } = uses;
  return inBootstrapWords(place, async () => {
    const entries = await readBootstrapJournal(place.folder);
    if (!(await isInPlace(place, entries))) await checkPlace(place);
    const facts = requestFacts(uses, request, asTyped(request.target));
    const earlier = await earlierAttempt(place, entries, facts);
    if (earlier.kind === 'goOn') {
      note(`clone ${earlier.plan.id} of this host is gone on with`);
      return earlier.plan;
    }
    const anew = anewWords(entries, earlier.why);
    if (anew !== undefined) note(anew);
    if (writesTo !== undefined && !request.again) await checkNotMade(writesTo, facts, earlier.ownId);
    const freedBytes = await bytesThatGo(place, earlier.left);
    return planClone(uses, request, { id: newAttemptId(), facts, freedBytes });
  });
}

/**
 * Makes the cluster, or goes on making it.
 *
 * @throws {Failure} why it cannot be made; the data directory is then as it was.
 */
export async function bootstrapClone(uses: CloneUses, request: CloneRequest, hooks: CloneHooks): Promise<CloneOutcome> {
  return inBootstrapWords(uses.place, async () => {
    // What is in the way of the data directory is told before anything is made beside it.
    if (!(await isInPlace(uses.place, await readBootstrapJournal(uses.place.folder)))) await checkPlace(uses.place);
    await makeFolder(`${uses.place.dataDirectory}.walkback`);
    await using _lock = await lockBootstrap(uses);
    await using journal = await openBootstrapJournal(uses.place.folder, () => nowOf(uses), hooks.onEntry);
    if (!(await isInPlace(uses.place, journal.entries))) await checkPlace(uses.place);
    await journal.append({ event: 'runBegun' });
    try {
      const plan = await attemptFor(uses, request, journal, hooks);
      const context = await cloneContext(uses, plan, journal);
      await runSteps(cloneSteps(context, hooks.isOrphan), journal, uses.signal);
      await journal.append({ event: 'runEnded', outcome: 'ready' });
      const damaged = findFact(journal.entries, 'restore', 'damagedFiles');
      if (damaged !== undefined)
        uses.note(`MIND: the backup holds damaged pages, and what reads them fails: ${damaged}`);
      return outcomeOf(plan, journal);
    } catch (error) {
      await giveUpIfUseless(error, journal);
      await journal.append({ event: 'runEnded', outcome: 'failed' }).catch(() => {});
      throw error;
    }
  });
}

function nowOf(uses: CloneUses): Date {
  return new Date(Number(uses.nowUs() / 1000n));
}

/** The plan to carry out: that of the attempt which is under way, or a new one. */
async function attemptFor(
  uses: CloneUses,
  request: CloneRequest,
  journal: BootstrapJournal,
  { onPlan }: CloneHooks,
): Promise<ClonePlan> {
  const { place, writesTo, note } = uses;
  const facts = requestFacts(uses, request, asTyped(request.target));
  const earlier = await earlierAttempt(place, journal.entries, facts);
  if (earlier.kind === 'goOn') {
    // Moved back beside the data directory, and killed before that was written down.
    const isBack = isStepDone(journal.entries, 'putInPlace') && (await hasData(place));
    if (isBack) await journal.append({ event: 'undone', step: 'putInPlace' });
    onPlan(earlier.plan, true);
    return earlier.plan;
  }
  if (writesTo !== undefined && !request.again) await checkNotMade(writesTo, facts, earlier.ownId);
  const anew = anewWords(journal.entries, earlier.why);
  if (anew !== undefined) note(anew);
  if (earlier.left !== undefined) await makeRoom(place, earlier.left, note);
  const plan = await planClone(uses, request, { id: newAttemptId(), facts });
  await writeClonePlan(place, plan);
  await journal.append({ event: 'attempt', id: plan.id });
  onPlan(plan, false);
  return plan;
}

/** Data that have opened where they should not have, or not on the planned line, are not gone on with. */
async function giveUpIfUseless(error: unknown, journal: BootstrapJournal): Promise<void> {
  const { entries } = journal;
  const last = entries.at(-1);
  const isWrong = isFailure(error, 'refused') && last?.event === 'failed' && USELESS_AFTER.has(last.step);
  if (!isWrong) return;
  for (const step of ['stop', 'promote', 'reserveTimeline', 'replay', 'prepare', 'restore'] as const) {
    if (hasStepBegun(entries, step)) await journal.append({ event: 'undone', step }).catch(() => {});
  }
}

const USELESS_AFTER: ReadonlySet<string> = new Set(['replay', 'promote']);

function outcomeOf(plan: ClonePlan, { entries }: BootstrapJournal): CloneOutcome {
  return {
    plan,
    timeline: Number(factOf(entries, 'promote', 'timeline')),
    reason: factOf(entries, 'promote', 'reason'),
    switchLsn: factOf(entries, 'promote', 'switchLsn'),
    recoveredData: isStepDone(entries, 'upgrade') ? factOf(entries, 'upgrade', 'recoveredData') : undefined,
  };
}
