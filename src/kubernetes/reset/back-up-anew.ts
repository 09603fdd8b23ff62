/**
 * The first backup of the new cluster, in its new archive.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { listBackups } from '../../backup/list.ts';
import { Failure, isFailure } from '../../base/failure.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import { backUpInPod } from '../recover/back-up-in-pod.ts';
import { factOf } from '../recover/context.ts';
import { firstPod } from '../recover/open-steps.ts';
import type { ArchiveNow, ResetContext } from './context.ts';

/** An agent takes the first backup of a new cluster by itself; two at once are one too many. */
const OTHERS_MS = 60_000;
const POLL_MS = 1000;

async function backupOfOthers(archive: ArchiveNow, signal: AbortSignal | undefined): Promise<string | undefined> {
  const deadline = Date.now() + OTHERS_MS;
  for (;;) {
    const [first] = await listBackups(archive.store, signal);
    if (first !== undefined) return first.name;
    if (Date.now() > deadline) return undefined;
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** Takes it, or finds the one that the agent has taken. @throws {Failure} `failed` if the archive is another one by now. */
export async function backUpAnew(context: ResetContext): Promise<StepFacts> {
  const { uses, plan } = context;
  await using archive = await uses.archiveNow();
  const { address } = archive.store;
  if (address !== plan.reset.archive.to) {
    throw new Failure('failed', {
      message: `cannot back up the new cluster: its variables name the archive ${address}, and not ${plan.reset.archive.to}`,
      remedy: `Put them right, and go on:  walkback cluster reset ${plan.recovery.id}`,
    });
  }
  const timeline = Number(factOf(context, 'proveNew', 'timeline'));
  const found = await backupOfOthers(archive, uses.signal);
  if (found !== undefined) return { backup: found, timeline };
  const inNewArchive = { ...context, uses: { ...uses, store: archive.store } };
  // The archive is closed when this returns.
  return await backUpInPod(inNewArchive, firstPod(context), timeline).catch(async (error: unknown) => {
    // The agent may have been at it all the time.
    const late = isFailure(error, 'failed') ? await backupOfOthers(archive, uses.signal) : undefined;
    if (late === undefined) throw error;
    return { backup: late, timeline };
  });
}
