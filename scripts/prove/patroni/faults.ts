/**
 * What goes wrong in the middle of a recovery or an undo: chosen by a seed, done when a step begins.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readJournal } from '../../../src/recovery/journal.ts';
import { CUTOVER_STEPS, REHEARSE_STEPS, UNDO_STEPS, type StepName } from '../../../src/recovery/step-names.ts';
import type { PatroniTestCluster } from '../../../tests/support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../../../tests/support/patroni/patroni-member.ts';
import { endAllOf, endProcess, familyOf } from '../../../tests/support/patroni/processes.ts';
import type { Random } from '../../../tests/support/random.ts';

/** Who dies. */
export const FAULTS = ['leader', 'walkback', 'replica', 'dcs', 'none'] as const;

/** One fault. */
export interface Fault {
  readonly kind: (typeof FAULTS)[number];
  /** When this step has begun … */
  readonly step: StepName;
  /** … for so long. */
  readonly delayMs: number;
  /** For so long what was ended stays away. */
  readonly awayMs: number;
}

/** What the fault is done to. */
export interface Victims {
  readonly cluster: PatroniTestCluster;
  /** The leader, on whose host walkback runs. */
  readonly leader: PatroniMember;
  /** The folder of the recovery. */
  readonly folder: string;
  readonly walkbackPid: number;
  /** True when walkback has ended. */
  readonly hasEnded: () => boolean;
  readonly random: Random;
}

/** Steps in which the cluster is paused: before, the death of the leader is a failover like any other. */
function pausedSteps(work: 'recover' | 'undo'): readonly StepName[] {
  const steps: readonly StepName[] = work === 'recover' ? CUTOVER_STEPS.patroni : UNDO_STEPS.patroni;
  const resume: StepName = work === 'recover' ? 'resume' : 'undoResume';
  return steps.slice(2).filter((step) => step !== resume);
}

/** A fault for some work, by the seed. */
export function chooseFault(work: 'recover' | 'undo', kind: Fault['kind'], random: Random): Fault {
  const paused = pausedSteps(work);
  const any: readonly StepName[] =
    work === 'recover' ? [...REHEARSE_STEPS, ...CUTOVER_STEPS.patroni] : UNDO_STEPS.patroni;
  const step = random.pick(kind === 'leader' || kind === 'dcs' ? paused : any);
  return { kind, step, delayMs: random.between(0, 400), awayMs: random.between(1000, 8000) };
}

async function untilBegun({ step, delayMs }: Fault, { folder, hasEnded }: Victims): Promise<boolean> {
  const journal = join(folder, 'journal.jsonl');
  while (!hasEnded()) {
    const entries = await readJournal(journal).catch(() => []);
    if (entries.some((entry) => entry.event === 'begin' && entry.step === step)) {
      await sleep(delayMs);
      return true;
    }
    await sleep(20);
  }
  return false;
}

/** The host of the leader dies, and starts again by itself with all that its supervisor runs. */
async function leaderDies({ leader, walkbackPid }: Victims, awayMs: number): Promise<void> {
  await endProcess(...(await familyOf(walkbackPid)));
  await leader.kill();
  await endAllOf(leader.root);
  await sleep(awayMs);
  leader.start();
  leader.startAgent();
}

async function replicaDies({ cluster, leader, random }: Victims, awayMs: number): Promise<void> {
  const replica = random.pick(cluster.members.filter((member) => member !== leader));
  await replica.kill();
  await sleep(awayMs);
  replica.start();
  replica.startAgent();
}

/** Does it, and what mends it. @returns false if walkback had ended before the step began. */
export async function provoke(fault: Fault, victims: Victims): Promise<boolean> {
  if (!(await untilBegun(fault, victims))) return false;
  switch (fault.kind) {
    case 'none':
      break;
    case 'walkback':
      await endProcess(...(await familyOf(victims.walkbackPid)));
      break;
    case 'leader':
      await leaderDies(victims, fault.awayMs);
      break;
    case 'replica':
      await replicaDies(victims, fault.awayMs);
      break;
    case 'dcs':
      await victims.cluster.etcd.kill();
      await sleep(fault.awayMs);
      await victims.cluster.etcd.start();
      break;
  }
  return true;
}
