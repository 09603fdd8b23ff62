/**
 * The plan of a rehearsal on its volume: what it was stepped on to is there after its pod was replaced.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../../archive/durable-file.ts';
import { parseVolumePlan, type VolumePlan } from './volume-plan.ts';

/** Another name than that of a host's recovery: whoever lists those finds this folder beside the live data later. */
function planPath(folder: string): string {
  return join(folder, 'volume-plan.json');
}

/** Leaves it, whole or not at all. */
export async function writeKeptPlan(folder: string, plan: VolumePlan): Promise<void> {
  await writeFileDurably(planPath(folder), Buffer.from(`${JSON.stringify(plan)}\n`));
}

/** The plan that is there; `undefined` if none is. @throws {Failure} `usage` if it is of another version. */
export async function readKeptPlan(folder: string): Promise<VolumePlan | undefined> {
  const text = await readFile(planPath(folder), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseVolumePlan(text, planPath(folder));
}
