/**
 * Plans on disk: `<data directory>.walkback/<id>/plan.json`, with a digest, so that what is run is what was shown.
 *
 * @module
 */

import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure, messageOf } from '../base/failure.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isThere, makeFolder } from '../instance/durable-rename.ts';
import type { Plan } from './plan-value.ts';

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** An id that no recovery of this cluster has: four hex digits, more when those are taken. */
export async function newRecoveryId(cluster: Cluster): Promise<string> {
  for (let lengthBytes = 2; ; lengthBytes += 1) {
    const id = randomBytes(lengthBytes).toString('hex');
    if (!(await isThere(cluster.recoveryFolder(id)))) return id;
  }
}

/** Writes a plan where `run` finds it by its id. */
export async function writePlan(cluster: Cluster, plan: Plan): Promise<void> {
  await makeFolder(cluster.recoveriesFolder);
  const folder = cluster.recoveryFolder(plan.id);
  await makeFolder(folder);
  const text = JSON.stringify(plan);
  await writeFileDurably(join(folder, 'plan.json'), Buffer.from(`${digestOf(text)}\n${text}\n`));
}

function isPlan(value: unknown): value is Plan {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'id' in value;
}

/**
 * Reads a plan.
 *
 * @throws {Failure} `usage` if there is none with this id, `corrupt` if the file is not as it was written.
 */
export async function readPlan(cluster: Cluster, id: string): Promise<Plan> {
  const path = join(cluster.recoveryFolder(id), 'plan.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Failure(isAbsent ? 'usage' : 'denied', {
      message: `cannot find recovery ${id} of ${cluster.name}: ${isAbsent ? 'there is none with this id' : messageOf(error)}`,
      remedy: 'List the recoveries of this server:  walkback recover status',
      cause: error,
    });
  });
  const [digest = '', body = ''] = text.split('\n');
  const value: unknown = digestOf(body) === digest ? JSON.parse(body) : undefined;
  if (isPlan(value) && value.id === id) return value;
  throw new Failure('corrupt', {
    message: `cannot use the plan ${path}: it is not as it was written`,
    remedy: 'Make a new one:  walkback recover plan',
  });
}
