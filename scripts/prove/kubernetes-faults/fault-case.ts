/**
 * One fault: it comes while a step is at work, and walkback comes to its end all the same, or ends with words; then what was wrong
 * is put right, as an operator would, and the recovery is gone on with, or taken back.
 *
 * @module
 */

import type { ApiWatcher } from '../../../tests/support/kubernetes/api-proxy.ts';
import type { FaultCase } from './case.ts';
import { wordsOf } from './cases.ts';
import { saidBy, wrongAtEnd } from './end-case.ts';
import type { FaultScene, RunEnd } from './fault-scene.ts';
import { FAULTS } from './faults.ts';
import { journalLineOf } from './journal-sight.ts';
import type { ActiveFault } from './active-fault.ts';
import { outcomeOf, type Outcome, type Seen } from './outcome.ts';
import type { RecoveryWatch } from './recovery-watch.ts';

/** Lets a fault begin with a step, and passes on requests to it from then on. */
function faultingWatcher(given: FaultCase, begin: () => Promise<ActiveFault>): ApiWatcher {
  let active: ActiveFault | undefined;
  return {
    before: (sight) => active?.watcher?.before?.(sight),
    after: async (sight) => {
      const line = journalLineOf(sight);
      if (active !== undefined) return active.watcher?.after?.(sight);
      if (line?.event === 'begin' && line.step === given.step) active = await begin();
      return undefined;
    },
  };
}

/** A failure is words and what to do, and never a crash of walkback's own. */
function unexplained({ code, err }: RunEnd): string[] {
  const isCrash = code === null || code === 70 || /\n\s+at .*\(.*:\d+:\d+\)/.test(err);
  return isCrash || err.trim() === '' ? [`it does not say why it ended with ${code}: ${err.slice(-500)}`] : [];
}

async function goOn(scene: FaultScene, watch: RecoveryWatch, given: FaultCase): Promise<string[]> {
  const { state } = await watch.status();
  const isBack = given.goingOn === 'undo' || FAULTS[given.fault].endsInUndo === true;
  const line =
    given.work === 'undo' || (isBack && state !== 'planned')
      ? ['undo', watch.id, '--yes']
      : isBack
        ? ['rehearse', '--discard', watch.id]
        : ['recover', 'run', watch.id, '--yes'];
  const end = await scene.run(line);
  return end.code === 0 ? [] : [`${line.slice(0, 2).join(' ')} in state ${state} ${saidBy(end)}`];
}

async function tried(scene: FaultScene, watch: RecoveryWatch, given: FaultCase): Promise<Seen> {
  const line = given.work === 'undo' ? ['undo', watch.id, '--yes'] : ['recover', 'run', watch.id, '--yes'];
  let active: ActiveFault | undefined;
  const begin = async (kill: () => void): Promise<ActiveFault> => {
    active = await FAULTS[given.fault].begin({ scene, watch, kill });
    return active;
  };
  const end = await scene.run(line, (kill) => faultingWatcher(given, async () => begin(kill)));
  if (active === undefined) return { problems: [`the fault was not met: ${saidBy(end)}`], ending: 'OTHER' };
  await active.mend().catch((error: unknown) => {
    throw new Error(`${String(error)}; it ${saidBy(end)}`, { cause: error });
  });
  if (end.isHung) return { problems: [saidBy(end)], ending: 'OTHER' };
  const seen = await watch.look();
  if (end.code === 0) {
    const ended = await wrongAtEnd(scene, watch, [given.work === 'undo' ? 'undone' : 'recovered']);
    return { problems: [...seen, ...ended], ending: 'came to its end' };
  }
  const explained = [...(end.isKilled ? [] : unexplained(end)), ...(await watch.explains(given.step))];
  const went = await goOn(scene, watch, given);
  const wanted = { undo: ['undone', 'discarded'], resume: given.work === 'undo' ? ['undone'] : ['recovered'] };
  const isBack = given.goingOn === 'undo' || FAULTS[given.fault].endsInUndo === true;
  const ended = went.length > 0 ? [] : await wrongAtEnd(scene, watch, wanted[isBack ? 'undo' : 'resume']);
  const ending = isBack ? 'taken back' : given.work === 'undo' ? 'gone on, undone' : 'gone on, recovered';
  return { problems: [...seen, ...explained, ...went, ...ended], ending };
}

/** Tries it on a recovery in the state that it needs. */
export async function runFaultCase(
  scene: FaultScene,
  watch: RecoveryWatch,
  { seed, given, log }: { readonly seed: number; readonly given: FaultCase; readonly log: (line: string) => void },
): Promise<Outcome> {
  return outcomeOf({ seed, words: wordsOf(given), watch, log }, () => tried(scene, watch, given));
}
