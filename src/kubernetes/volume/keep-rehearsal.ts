/**
 * A rehearsal on a volume, from its restore to the data that a cluster starts on: one process, which stays as long as the
 * rehearsal does.
 *
 * All that it knows is on the volume. Killed at any moment and started again, there or in another pod, it goes on: towards the
 * same target, and behind a promotion with what was begun. What may pass (a store that is away, a server that was killed for
 * its memory) is tried again; what does not is told, and waited with until somebody asks for something else, or ends it.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { isFailure, messageOf } from '../../base/failure.ts';
import { replaySteps } from '../../bootstrap/build-steps.ts';
import {
  findFact,
  hasStepBegun,
  openBootstrapJournal,
  readBootstrapJournal,
  type BootstrapEntry,
  type BootstrapJournal,
} from '../../bootstrap/journal.ts';
import { runSteps } from '../../bootstrap/runner.ts';
import { localPlaces } from '../../cluster/local-places.ts';
import { otherCollations } from '../../instance/collation-versions.ts';
import { makeFolder } from '../../instance/durable-rename.ts';
import { checkItRuns, connectToPrivate, stopPrivateServer } from '../../instance/private-server.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { lockRecoveries } from '../../recovery/lock.ts';
import { replayToTarget, type Standing } from '../../recovery/replay-to-target.ts';
import { putRightAfterKill } from './after-kill.ts';
import { checkOnVolume } from './check-volume.ts';
import { finishOnVolume } from './finish-volume.ts';
import { readKeptPlan, writeKeptPlan } from './kept-plan.ts';
import { answerRequest, failedAnswer, openRequests, type VolumeRequest } from './requests.ts';
import { StatusLines } from './status-lines.ts';
import { stepOnVolume } from './step-volume.ts';
import { volumeContext, type RehearsalUses, type VolumeContext } from './volume-context.ts';
import type { VolumePlan } from './volume-plan.ts';
import type { FinishedVolume, VolumeProblem, VolumeState, VolumeStatus } from './volume-status.ts';
import { pauseBeforeNext } from './when-to-try-again.ts';

const POLL_MS = 250;
const REPEAT_EVERY_MS = 30_000;

/** What the steps of the journal are part of. */
const STATE_OF: Readonly<Record<string, VolumeState>> = {
  restore: 'restoring',
  prepare: 'restoring',
  replay: 'replaying',
};

function problemOf(error: unknown): VolumeProblem {
  return isFailure(error)
    ? { message: error.message, remedy: error.remedy, facts: error.facts }
    : {
        message: messageOf(error),
        remedy: 'This is a bug of walkback, or of what it runs on. Its log says more.',
        facts: [],
      };
}

class Keeper {
  readonly #uses: RehearsalUses;
  readonly #folder: string;
  readonly #journal: BootstrapJournal;
  readonly #lines: StatusLines;
  #plan: VolumePlan;
  #failures = 0;

  constructor(uses: RehearsalUses, folder: string, journal: BootstrapJournal, lines: StatusLines, plan: VolumePlan) {
    this.#uses = uses;
    this.#folder = folder;
    this.#journal = journal;
    this.#lines = lines;
    this.#plan = plan;
  }

  async run(): Promise<FinishedVolume> {
    for (;;) {
      try {
        const finished = await this.#goOn();
        if (finished !== undefined) return finished;
      } catch (error) {
        this.#uses.signal?.throwIfAborted();
        await this.#afterFailure(error);
      }
    }
  }

  /** As far as the next thing that changes what is to be done. */
  async #goOn(): Promise<FinishedVolume | undefined> {
    const context = await volumeContext(this.#uses, this.#plan, this.#journal, this.#lines.onProgress);
    await putRightAfterKill(context.uses.place.data);
    if (this.#isFinishing()) return this.#finish(context);
    await runSteps(replaySteps(context), this.#journal, this.#uses.signal);
    const standing = await replayToTarget(context.replay);
    this.#failures = 0;
    await this.#tellStanding(standing);
    const request = await this.#nextRequest(() => checkItRuns(standing.server));
    if (request.kind === 'finish') return this.#finish(context);
    await this.#serve(context, request);
    return undefined;
  }

  #isFinishing(): boolean {
    return hasStepBegun(this.#journal.entries, 'reserveTimeline');
  }

  async #tellStanding({ server, progress }: Standing): Promise<void> {
    await using connection = await connectToPrivate(server);
    const { problem } = this.#lines.status;
    const wasStanding = this.#lines.status.state === 'standing';
    this.#lines.tell('standing', {
      targetLsn: this.#plan.target.lsn,
      replayLsn: progress.replayLsn === undefined ? null : formatLsn(progress.replayLsn),
      otherCollations: await otherCollations(connection),
      damagedFiles: findFact(this.#journal.entries, 'restore', 'damagedFiles') ?? null,
      ...(wasStanding ? { problem } : {}),
    });
  }

  /** Waits for one. @param look throws what ends the waiting. */
  async #nextRequest(look: () => Promise<void>): Promise<VolumeRequest> {
    let toldMs = Date.now();
    for (;;) {
      this.#uses.signal?.throwIfAborted();
      const [request] = await openRequests(this.#folder);
      if (request !== undefined) return request;
      await look();
      if (Date.now() - toldMs > REPEAT_EVERY_MS) {
        this.#lines.repeat();
        toldMs = Date.now();
      }
      await sleep(POLL_MS);
    }
  }

  /** A check, or a step. What is wrong with it is its answer. */
  async #serve(context: VolumeContext, request: Exclude<VolumeRequest, { kind: 'finish' }>): Promise<void> {
    try {
      if (request.kind === 'check') {
        this.#lines.tell('checking');
        const results = await checkOnVolume(context, request);
        await answerRequest(this.#folder, request.id, { kind: 'checked', results });
      } else {
        this.#plan = await stepOnVolume(context, this.#folder, request.plan);
        this.#lines.tell('replaying', { targetLsn: this.#plan.target.lsn, replayLsn: null });
        await answerRequest(this.#folder, request.id, { kind: 'accepted' });
      }
    } catch (error) {
      this.#uses.signal?.throwIfAborted();
      await answerRequest(this.#folder, request.id, failedAnswer(error));
    }
  }

  /** Refused before anything of it was begun, it stands as before. */
  async #finish(context: VolumeContext): Promise<FinishedVolume | undefined> {
    this.#lines.tell('finishing');
    try {
      const finished = await finishOnVolume(context);
      this.#lines.tell('finished', { finished });
      await this.#answerFinish({ kind: 'accepted' });
      return finished;
    } catch (error) {
      this.#uses.signal?.throwIfAborted();
      const isStanding = isFailure(error) && !this.#isFinishing() && pauseBeforeNext(error, 1) === undefined;
      if (!isStanding) throw error;
      this.#lines.tell('standing', { problem: problemOf(error) });
      await this.#answerFinish(failedAnswer(error));
      return undefined;
    }
  }

  async #answerFinish(answer: Parameters<typeof answerRequest>[2]): Promise<void> {
    const asked = (await openRequests(this.#folder)).filter(({ kind }) => kind === 'finish');
    for (const { id } of asked) await answerRequest(this.#folder, id, answer);
  }

  async #afterFailure(error: unknown): Promise<void> {
    this.#failures += 1;
    const pauseMs = pauseBeforeNext(error, this.#failures);
    const problem = problemOf(error);
    if (pauseMs !== undefined) {
      this.#lines.tell('waiting', { problem });
      await sleep(pauseMs, undefined, this.#uses.signal === undefined ? {} : { signal: this.#uses.signal });
      return;
    }
    this.#lines.tell('failed', { problem });
    await this.#answerFinish(failedAnswer(error));
    await this.#untilAskedAgain(error);
    this.#failures = 0;
  }

  /** Nothing can be checked meanwhile; whatever else is asked for is a reason to try again. */
  async #untilAskedAgain(error: unknown): Promise<void> {
    for (;;) {
      const request = await this.#nextRequest(async () => {});
      if (request.kind !== 'check') return;
      await answerRequest(this.#folder, request.id, failedAnswer(error));
    }
  }
}

/** Steps behind those of the table are told of as a whole. */
function tellStep(lines: StatusLines, entry: BootstrapEntry): void {
  const state = 'step' in entry && entry.event === 'begin' ? STATE_OF[entry.step] : undefined;
  if (state !== undefined && state !== lines.status.state) lines.tell(state);
}

/** What is kept, and told of. */
export interface KeepOptions {
  /** What the pod was started for. What is on the volume already, of the same id, has been stepped on since, and counts. */
  readonly plan: VolumePlan;
  readonly onStatus: (status: VolumeStatus) => void;
}

/**
 * Makes the rehearsal stand, serves what is asked of it, and finishes it when that is asked for.
 *
 * @throws the signal's reason once that aborts: its server is stopped then, and the volume is as it was.
 */
export async function keepRehearsal(uses: RehearsalUses, { plan, onStatus }: KeepOptions): Promise<FinishedVolume> {
  const places = localPlaces(uses.dataDirectory);
  const folder = places.recoveryFolder(plan.id);
  await makeFolder(folder);
  await using _lock = await lockRecoveries(folder);
  const kept = (await readKeptPlan(folder)) ?? plan;
  await writeKeptPlan(folder, kept);
  const starts = 1 + (await readBootstrapJournal(folder)).filter(({ event }) => event === 'runBegun').length;
  const lines = new StatusLines({ id: plan.id, targetLsn: kept.target.lsn, starts }, onStatus, uses.now);
  lines.tell('starting');
  await using journal = await openBootstrapJournal(folder, uses.now, (entry) => tellStep(lines, entry));
  await journal.append({ event: 'runBegun' });
  const isNew = !journal.entries.some(({ event }) => event === 'attempt');
  if (isNew) await journal.append({ event: 'attempt', id: plan.id });
  try {
    return await new Keeper(uses, folder, journal, lines, kept).run();
  } finally {
    if (uses.signal?.aborted === true) await stopPrivateServer(places.placeOf(plan.id, 'rehearsal'));
  }
}
