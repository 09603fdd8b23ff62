/**
 * Kills of walkback: those of one group are kills of one recovery, reset or undo, each at a later step than the one before, and it is
 * gone on with after each. One that is taken back stands alone, and its undo is killed once as well.
 *
 * @module
 */

import type { KillCase, ResetCase } from './case.ts';
import { wordsOf } from './cases.ts';
import { saidBy, wrongAtEnd } from './end-case.ts';
import type { FaultScene } from './fault-scene.ts';
import { killingAtChange, killingWatcher } from './kill-moment.ts';
import type { Outcome } from './outcome.ts';
import type { Watch } from './watch.ts';

type Given = KillCase | ResetCase;

/** One seed of a group. */
export interface SeededKill {
  readonly seed: number;
  readonly given: Given;
}

function lineOf({ work }: Given, { id, runLine }: Watch): readonly string[] {
  return work === 'undo' ? ['undo', id, '--yes'] : runLine;
}

/** One kill, and everything that must be true then. */
async function killOnce(scene: FaultScene, watch: Watch, given: Given): Promise<string[]> {
  const end = await scene.run(lineOf(given, watch), (kill) => killingWatcher(given, kill));
  if (!end.isKilled) return [`it was not killed, and ${saidBy(end)}`];
  return [...(await watch.look()), ...(await watch.explains(given.step))];
}

/** Takes back, killed at a change of its own first. */
async function takeBack(scene: FaultScene, watch: Watch, seed: number): Promise<string[]> {
  const { state } = await watch.status();
  const line = state === 'planned' ? ['rehearse', '--discard', watch.id] : ['undo', watch.id, '--yes'];
  await scene.run(line, (kill) => killingAtChange(1 + (seed % 4), kill));
  const seen = await watch.look();
  const between = await watch.status();
  if (between.state === 'undone' || between.state === 'discarded') return seen;
  const end = await scene.run(line);
  return end.code === 0 ? seen : [...seen, `taking it back in state ${between.state} ${saidBy(end)}`];
}

async function finish(scene: FaultScene, watch: Watch, { seed, given }: SeededKill): Promise<string[]> {
  if (given.goingOn === 'undo') {
    const problems = await takeBack(scene, watch, seed);
    return [...problems, ...(await wrongAtEnd(scene, watch, ['undone', 'discarded']))];
  }
  const end = await scene.run(lineOf(given, watch));
  if (end.code !== 0) return [`going on ${saidBy(end)}`];
  return wrongAtEnd(scene, watch, [given.work === 'undo' ? 'undone' : 'recovered']);
}

function endingOf({ work, goingOn }: Given): Outcome['ending'] {
  if (goingOn === 'undo') return 'taken back';
  if (work === 'reset') return 'gone on, reset';
  return work === 'undo' ? 'gone on, undone' : 'gone on, recovered';
}

/** Tries a group on a recovery in the state that it needs. */
export async function runKillGroup(
  scene: FaultScene,
  watch: Watch,
  group: readonly SeededKill[],
  log: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [at, one] of group.entries()) {
    const looksBefore = watch.looks;
    const problems = await killOnce(scene, watch, one.given).catch((error: unknown) => [String(error)]);
    if (at === group.length - 1 && problems.length === 0)
      problems.push(...(await finish(scene, watch, one).catch((error: unknown) => [String(error)])));
    const ending = problems.length === 0 ? endingOf(one.given) : 'OTHER';
    const words = wordsOf(one.given);
    log(`${one.seed}: ${words}: ${problems.length === 0 ? ending : problems.join('; ')}`);
    outcomes.push({ seed: one.seed, words, ending, problems, looks: watch.looks - looksBefore });
    if (problems.length > 0) break;
  }
  return outcomes;
}
