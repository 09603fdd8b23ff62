/**
 * Attempts: the same request is gone on with where it was interrupted, another one begins anew in the same folder, so that a
 * disk holds one attempt and not one for each start.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { writeFileDurably } from '../archive/durable-file.ts';
import { isThere } from '../instance/durable-rename.ts';
import { isLinkedAlready } from './clone-context.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import { attemptEntries, hasStepBegun, isStepDone, type BootstrapEntry } from './journal.ts';
import { hasData, type BootstrapPlace } from './place.ts';

/** After as many failures of one step the attempt is of no use: its data may be what is wrong. */
const MOST_FAILURES = 3;

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function planPath(place: BootstrapPlace): string {
  return join(place.folder, 'plan.json');
}

/** An id for a new attempt. */
export function newAttemptId(): string {
  return randomBytes(4).toString('hex');
}

/** Leaves a plan in the folder. */
export async function writeClonePlan(place: BootstrapPlace, plan: ClonePlan): Promise<void> {
  const text = JSON.stringify(plan);
  await writeFileDurably(planPath(place), Buffer.from(`${digestOf(text)}\n${text}\n`));
}

/** The plan in the folder; `undefined` if there is none, or it is not as it was written. */
export async function readClonePlan(place: BootstrapPlace): Promise<ClonePlan | undefined> {
  const text = await readFile(planPath(place), 'utf8').catch(() => '');
  const [digest = '', body = ''] = text.split('\n');
  const value: unknown = digestOf(body) === digest ? JSON.parse(body) : undefined;
  return isClonePlan(value) ? value : undefined;
}

function isClonePlan(value: unknown): value is ClonePlan {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'request' in value;
}

/** Why an attempt cannot be gone on with; `undefined` if it can. */
export async function whyAnew(
  place: BootstrapPlace,
  entries: readonly BootstrapEntry[],
  plan: ClonePlan | undefined,
  request: CloneRequestFacts,
): Promise<string | undefined> {
  const attempt = attemptEntries(entries);
  const [first] = attempt;
  if (plan === undefined || first?.event !== 'attempt' || first.id !== plan.id) return 'there is none to go on with';
  if (!isDeepStrictEqual(plan.request, request)) return 'something else is asked for now';
  if (isStepDone(entries, 'putInPlace') && !(await hasData(place)))
    return 'what came of the last one is no longer in the data directory';
  const isRestored = isStepDone(entries, 'restore');
  const isMoved = hasStepBegun(entries, 'upgrade') || hasStepBegun(entries, 'putInPlace');
  if (isRestored && !isMoved && !(await isThere(place.data))) return 'its data are gone';
  const isHalfUpgraded = hasStepBegun(entries, 'upgrade') && !isStepDone(entries, 'upgrade');
  if (isHalfUpgraded && (await isLinkedAlready(place, plan)))
    return 'its files are linked into a new cluster that was not finished';
  const failures = attempt.filter(({ event }) => event === 'failed').length;
  const goesWrong = failures >= MOST_FAILURES ? `it has failed ${failures} times` : undefined;
  return (
    goesWrong ?? (hasStepBegun(entries, 'putInPlace') && !(await hasData(place)) ? 'its data are gone' : undefined)
  );
}
