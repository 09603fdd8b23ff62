/**
 * Release: removes what a recovery that is over has kept. The one command that deletes data of the cluster, so it is a
 * plan first, by path and size, and it never touches the live data directory or what that links to.
 *
 * @module
 */

import { readdir, readlink, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isThere } from '../instance/durable-rename.ts';
import { runningPostmaster } from '../instance/postmaster.ts';
import { directorySize } from './directory-size.ts';
import { stateOf } from './journal.ts';
import { during, removeLeftovers } from './recover.ts';
import type { RecoveryContext } from './recovery-context.ts';
import { transition } from './states.ts';

/** One directory that would be removed. */
export interface ReleasedPath {
  readonly path: string;
  readonly sizeBytes: bigint;
  readonly holds: 'data from before' | 'recovered data, replaced by the undo' | 'rehearsal' | 'tablespace of these';
}

/** Where the tablespaces of a data directory are. */
async function tablespacesOf(dataDirectory: string): Promise<string[]> {
  const folder = join(dataDirectory, 'pg_tblspc');
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const link = await readlink(join(folder, name)).catch(() => undefined);
      return link === undefined ? undefined : realpath(resolve(folder, link)).catch(() => undefined);
    }),
  );
  return found.filter((path) => path !== undefined);
}

/**
 * Only the folder of the server's version is the cluster's own (`PG_17_202406281`); the directory around it was made by
 * the operator.
 */
async function tablespaceContents(dataDirectory: string, used: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const location of await tablespacesOf(dataDirectory)) {
    if (used.has(location)) continue;
    const names = await readdir(location).catch(() => []);
    found.push(...names.filter((name) => /^PG_\d+_\d+$/.test(name)).map((name) => join(location, name)));
  }
  return found;
}

const HOLDS = {
  kept: 'data from before',
  replaced: 'recovered data, replaced by the undo',
  rehearsal: 'rehearsal',
} as const;

/** Directories in use: those of the live server, and of other recoveries, are never released with this one. */
async function usedTablespaces(cluster: Cluster): Promise<Set<string>> {
  return new Set(await tablespacesOf(cluster.dataDirectory));
}

/**
 * What a release would remove.
 *
 * @throws {Failure} `refused` if the recovery is not over, or if a server runs on what it keeps.
 */
export async function releasePlan(context: RecoveryContext): Promise<ReleasedPath[]> {
  const { uses, plan, journal } = context;
  const { cluster } = uses;
  transition(plan.id, stateOf(journal.entries), 'release');
  const used = await usedTablespaces(cluster);
  const paths: ReleasedPath[] = [];
  for (const place of ['kept', 'replaced', 'rehearsal'] as const) {
    const path = cluster.placeOf(plan.id, place);
    if (!(await isThere(path))) continue;
    if ((await runningPostmaster(path)) !== undefined) throw stillRuns(path);
    for (const contents of await tablespaceContents(path, used)) {
      paths.push({ path: contents, sizeBytes: await directorySize(contents), holds: 'tablespace of these' });
    }
    paths.push({ path, sizeBytes: await directorySize(path), holds: HOLDS[place] });
  }
  return paths;
}

function stillRuns(path: string): Failure {
  return new Failure('refused', {
    message: `cannot release ${path}: a server runs on it`,
    remedy: 'Stop it, if that is right, then release again.',
  });
}

/** Removes what {@link releasePlan} lists; the plan and the journal stay. */
export async function release(context: RecoveryContext): Promise<ReleasedPath[]> {
  const paths = await releasePlan(context);
  await during(context, 'release', async () => {
    for (const { path } of paths) await rm(path, { recursive: true, force: true });
    await removeLeftovers(context);
  });
  return paths;
}
