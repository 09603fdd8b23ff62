/**
 * SIGKILL of walkback while it removes what a recovery or a reset has kept, or a rehearsal: what is live is never touched, `status` says what to
 * type, and the same command once more removes the rest.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Job } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { RECOVERY_LABEL } from '../../../src/kubernetes/rehearse/rehearsal-names.ts';
import { membersData } from '../kubernetes/kept-data.ts';
import type { EndCase } from './case.ts';
import { membersOf, wordsOf } from './cases.ts';
import { saidBy, wrongRows } from './end-case.ts';
import type { FaultScene } from './fault-scene.ts';
import { killingAtChange } from './kill-moment.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import type { Watch } from './watch.ts';

/** A volume goes a moment after its claim. */
const GONE_MS = 60_000;

/** Brings it to where the case begins. */
async function bring(scene: FaultScene, { id, runLine }: Watch, { from }: EndCase): Promise<void> {
  const lines: readonly (readonly string[])[] =
    from === 'standing' ? [['rehearse', id]] : from === 'recovered' ? [runLine] : [runLine, ['undo', id, '--yes']];
  for (const line of lines) {
    const end = await scene.run(line);
    if (end.code !== 0) throw new Error(`${line.slice(0, 2).join(' ')}, before what is to be tried, ${saidBy(end)}`);
  }
}

/** Data of this namespace that no member has, once volumes have had time to go. */
async function dataOfNobody(scene: FaultScene, given: EndCase): Promise<string[]> {
  const { database, eye } = scene;
  const deadline = Date.now() + GONE_MS;
  for (;;) {
    const members = await membersData(scene, membersOf(given));
    const live = new Set(members.map(({ inode }) => inode));
    const left = (await eye.look(database.namespace.name)).filter(({ inode }) => !live.has(inode));
    if (left.length === 0) return [];
    if (Date.now() > deadline) return left.map(({ path }) => `${path} is left`);
    await sleep(1000);
  }
}

/** What is left of it although nothing was to be. */
async function wrongLeft(scene: FaultScene, watch: Watch, given: EndCase): Promise<string[]> {
  const { api } = scene.database;
  const [{ state }, claims] = await Promise.all([watch.status(), watch.held()]);
  const wanted = given.work === 'release' ? 'released' : 'discarded';
  const labels = `${RECOVERY_LABEL}=${watch.id}`;
  const jobs = await api.list<Job>({ apiVersion: 'batch/v1', kind: 'Job' }, { labels });
  return [
    ...(state === wanted ? [] : [`it ended ${state}, and not ${wanted}`]),
    ...claims.map((name) => `claim ${name} is left`),
    ...jobs.map(({ metadata }) => `Job ${metadata?.name} is left`),
    ...(await dataOfNobody(scene, given)),
  ];
}

async function tried(scene: FaultScene, watch: Watch, given: EndCase): Promise<string[]> {
  await bring(scene, watch, given);
  const rows = watch.rowsIn(given.from);
  const line = given.work === 'release' ? ['release', watch.id, '--yes'] : ['rehearse', '--discard', watch.id];
  const end = await scene.run(line, (kill) => killingAtChange(given.change, kill));
  if (!end.isKilled) return [`it was not killed, and ${saidBy(end)}`];
  const between = [...(await wrongRows(scene, 'killed', rows)), ...(await watch.explains(undefined))];
  const again = await scene.run(line);
  if (again.code !== 0) return [...between, `going on ${saidBy(again)}`];
  return [...between, ...(await wrongRows(scene, 'gone on', rows)), ...(await wrongLeft(scene, watch, given))];
}

/** Tries it on a recovery, or a reset, that is planned. */
export async function runRemovalCase(
  scene: FaultScene,
  watch: Watch,
  { seed, given, log }: { readonly seed: number; readonly given: EndCase; readonly log: (line: string) => void },
): Promise<Outcome> {
  return outcomeOf({ seed, words: wordsOf(given), watch, log }, async () => ({
    problems: await tried(scene, watch, given),
    ending: 'gone on, removed',
  }));
}
