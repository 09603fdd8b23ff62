/**
 * docs/how-to/recover-on-openshift.md, typed as it stands: a cluster that the chart has installed, with an application, loses a table, and
 * every command of the page is run in its order.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bedImage } from '../../tests/support/kubernetes/bed-image.ts';
import { startBed } from '../../tests/support/kubernetes/bed.ts';
import { startBedArchive } from '../../tests/support/kubernetes/bed-archive.ts';
import { imitateOpenShift } from '../../tests/support/kubernetes/openshift.ts';
import { ROOT } from '../toolchain.mjs';
import type { HelmBed } from './helm/release.ts';
import { readBlocks } from './howto/read-blocks.ts';
import { APP, startScene } from './howto/scene.ts';
import { openTerminal } from './howto/terminal.ts';
import type { Proof, ProofResult, ProofRun } from './proof.ts';

const PAGE = 'docs/how-to/recover-on-openshift.md';

/** What must be so after the block with a command. */
const AFTER: readonly (readonly [command: RegExp, rows: number])[] = [
  [/recover run/, 1000],
  [/undo/, -1],
];

/** The identity of the plan that a command has printed. */
function planIn(output: string): string | undefined {
  return /recover run ([0-9a-f]{4,})/.exec(output)?.[1];
}

async function typePage(
  given: HelmBed,
  log: ProofRun['log'],
): Promise<{ commands: number; problems: readonly string[] }> {
  await using scene = await startScene(given);
  await using terminal = await openTerminal(given.bed.programs, {
    KUBECONFIG: given.bed.kubeconfig,
    WALKBACK_NAMESPACE: scene.namespace.name,
    // oc and kubectl take the namespace of the context; a person has said "oc project".
    ...(await scene.context()),
  });
  const problems: string[] = [];
  let commands = 0;
  let plan = 'ID';
  for (const { line, commands: lines } of readBlocks(await readFile(join(ROOT, PAGE), 'utf8'))) {
    const typed = lines.map((text) => text.replaceAll(/\bID\b/g, plan));
    log(`line ${line}: ${typed.join(' ; ')}`);
    const output = await terminal.type(typed);
    commands += typed.length;
    plan = planIn(output) ?? plan;
    const expected = AFTER.find(([command]) => lines.some((text) => command.test(text)))?.[1];
    if (expected === undefined) continue;
    const found = await scene.rows();
    if (found !== expected) problems.push(`after line ${line} the table must have ${expected} rows, and has ${found}`);
  }
  return { commands, problems };
}

function skipped(why: string, log: ProofRun['log']): ProofResult {
  log(`SKIPPED: the page: ${why}`);
  return { holds: false, figure: `nothing was typed: ${why}` };
}

async function run({ count, log }: ProofRun): Promise<ProofResult> {
  await using bed = await startBed();
  if (bed === undefined) return skipped('there is no bed', log);
  await using archive = await startBedArchive();
  if (archive === undefined) return skipped('there is no server of Google Cloud Storage', log);
  const image = await bedImage(bed);
  if (typeof image === 'string') return skipped(image, log);
  await imitateOpenShift(bed);
  const problems: string[] = [];
  let commands = 0;
  for (let left = count; left > 0; left -= 1) {
    const typed = await typePage({ bed, image, archive, log }, log);
    commands += typed.commands;
    problems.push(...typed.problems);
  }
  for (const problem of problems) log(problem);
  return {
    holds: problems.length === 0,
    figure: `${commands} commands of ${PAGE} typed on ${APP}: ${problems.length} not as they must be`,
  };
}

/** The proof. */
export const proof: Proof = {
  name: 'howto',
  shows:
    'the commands of docs/how-to/recover-on-openshift.md, typed as they stand, bring a dropped table back and undo it',
  defaultCount: 1,
  group: 'containers',
  budgetMs: 300_000,
  run,
};
