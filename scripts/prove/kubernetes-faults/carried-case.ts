/**
 * A recovery, or its undo, that a Job of the namespace does: the Job's pod goes once a step has begun, and the next one goes on; the
 * terminal that follows may be gone too, and is followed by another.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { carrierName } from '../../../src/kubernetes/carry/carrier-job.ts';
import { renderAccount } from '../rbac/chart-account.ts';
import type { CarriedCase } from './case.ts';
import { wordsOf } from './cases.ts';
import { saidBy, wrongAtEnd } from './end-case.ts';
import type { FaultScene } from './fault-scene.ts';
import { evict, kubectl } from './hands.ts';
import { outcomeOf, type Outcome, type Seen } from './outcome.ts';
import type { RecoveryWatch } from './recovery-watch.ts';

/** The account of the chart, by which the Job works. */
export async function allowJobs({ database }: FaultScene): Promise<void> {
  await database.bed.apply(await renderAccount(database.bed, database.name, database.namespace.name));
}

async function carrierPod({ database }: FaultScene, id: string): Promise<string> {
  const pods = await database.api.list<Pod>(
    { apiVersion: 'v1', kind: 'Pod' },
    { labels: `job-name=${carrierName(id)}` },
  );
  const name = pods.find(({ status }) => status?.phase === 'Running')?.metadata?.name;
  if (name === undefined) throw new Error('no pod of the Job runs');
  return name;
}

/** Waits until the step has begun, and lets it happen. @returns whether it did. */
async function happen(
  scene: FaultScene,
  watch: RecoveryWatch,
  { step, fault }: CarriedCase,
  { kill, signal }: { readonly kill: () => void; readonly signal: AbortSignal },
): Promise<boolean> {
  // A step may be over between two looks.
  while (!(await watch.status()).steps.has(step)) {
    if (signal.aborted) return false;
    await sleep(100);
  }
  const pod = await carrierPod(scene, watch.id);
  if (fault.startsWith('the terminal')) kill();
  if (fault.endsWith('evicted')) await evict({ scene }, pod);
  else await kubectl({ scene }, ['delete', 'pod', pod, '--grace-period=0', '--force']);
  return true;
}

async function tried(scene: FaultScene, watch: RecoveryWatch, given: CarriedCase): Promise<Seen> {
  const line = [...(given.work === 'undo' ? ['undo', watch.id, '--yes'] : watch.runLine), '--in-cluster'];
  const over = new AbortController();
  let happened: Promise<boolean> = Promise.resolve(false);
  const first = await scene.run(line, (kill) => {
    happened = happen(scene, watch, given, { kill, signal: over.signal });
    happened.catch(() => {});
    return {};
  });
  over.abort();
  if (!(await happened)) return { problems: [`the fault was not met: ${saidBy(first)}`], ending: 'OTHER' };
  const seen = await watch.look();
  const end = first.isKilled ? await scene.run(line) : first;
  const wanted = given.work === 'undo' ? 'undone' : 'recovered';
  const ended = end.code === 0 ? await wrongAtEnd(scene, watch, [wanted]) : [saidBy(end)];
  const goneOn = given.work === 'undo' ? 'gone on, undone' : 'gone on, recovered';
  return { problems: [...seen, ...ended], ending: first.isKilled ? goneOn : 'came to its end' };
}

/** Tries it on a recovery in the state that it needs. */
export async function runCarriedCase(
  scene: FaultScene,
  watch: RecoveryWatch,
  { seed, given, log }: { readonly seed: number; readonly given: CarriedCase; readonly log: (line: string) => void },
): Promise<Outcome> {
  return outcomeOf({ seed, words: wordsOf(given), watch, log }, () => tried(scene, watch, given));
}
