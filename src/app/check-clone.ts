/**
 * The clone of a container's plan, proven to be possible before Patroni tries it five times.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { isStepDone, readBootstrapJournal } from '../bootstrap/journal.ts';
import { bootstrapPlace } from '../bootstrap/place.ts';
import { commandLine } from '../config/value-kind.ts';
import type { ContainerPlan } from '../container/container-plan.ts';
import { runProgram } from '../instance/run-program.ts';
import { ownProgram } from './own-program.ts';

/** A clone's plan reads its archive's WAL up to the target. */
const CLONE_TIMEOUT_MS = 3_600_000;

/** Where a method's command stands, under Spilo's names for them. */
const METHODS = { archive: 'clone_with_wale', basebackup: 'clone_with_basebackup' } as const;

function commandOf({ clone, patroni }: ContainerPlan): readonly string[] {
  if (clone === undefined) return [];
  const { bootstrap } = patroni.configuration;
  const method: unknown = Object(Object(bootstrap)[METHODS[clone.kind]]);
  const command: unknown = Object(method).command;
  const [, ...words] = (typeof command === 'string' ? commandLine.parse(command) : undefined) ?? [];
  return words;
}

/**
 * True for a copy that Patroni has started already, and lost again: the archive then holds its WAL, which is no other
 * cluster's, and the attempt is gone on with.
 */
async function hasRun({ clone, paths }: ContainerPlan): Promise<boolean> {
  if (clone?.kind !== 'basebackup') return false;
  const entries = await readBootstrapJournal(bootstrapPlace(paths.dataDirectory).folder);
  return isStepDone(entries, 'putInPlace') && !entries.some(({ event }) => event === 'initialized');
}

/**
 * The clone is planned as Patroni will have it made, and not made: what would refuse it then, refuses it now.
 *
 * @throws {Failure} `refused`, with what the plan said.
 */
export async function checkClone(plan: ContainerPlan, signal: AbortSignal): Promise<void> {
  const words = commandOf(plan);
  if (words.length === 0 || (await hasRun(plan))) return;
  const own = ownProgram();
  const asked = [...words, `--scope=${plan.scope}`, `--datadir=${plan.paths.dataDirectory}`, '--dry-run'];
  const options = { timeoutMs: CLONE_TIMEOUT_MS, environment: plan.patroni.environment, signal };
  const { code, output } = await runProgram([own.program, ...own.args, ...asked], options);
  if (code === 0) return;
  throw new Failure('refused', {
    message: `cannot make the clone that is asked for: its plan ended with ${code ?? 'a signal'}`,
    remedy: 'Correct CLONE_… and start again. Nothing was made.',
    facts: output.split('\n').slice(-12),
  });
}
