/**
 * Why a recovery is not planned: pure. What can be told without reading WAL is told first; reading it may take long.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { restoredSizeBytes } from '../backup/delta-chain.ts';
import { Failure } from '../base/failure.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { PlanFacts } from './facts.ts';
import { planProblem } from './patroni-problems.ts';

/** Replay keeps some restored WAL in pg_wal; a server needs some room of its own. */
const MOST_WAL_KEPT_BYTES = 1024n ** 3n;
const ROOM_BYTES = 256n * 1024n ** 2n;

/** What is known before any WAL is read. */
export type FactsBeforeReading = Pick<PlanFacts, 'asked' | 'cluster' | 'control' | 'archive'>;

function refuse(
  { asked }: Pick<PlanFacts, 'asked'>,
  found: string,
  remedy: string,
  facts: readonly string[] = [],
): Failure {
  return new Failure('refused', { message: `cannot recover to ${asked}: ${found}`, remedy, facts });
}

/** The major version that a backup is of. */
export function majorOf(backup: Backup): number {
  return Math.floor(backup.pgVersionNum / 10_000);
}

/** What the restored data and its replay need: the backup as it was measured, some WAL, and room to run. */
export function neededBytes({ found }: Pick<PlanFacts, 'found'>): bigint {
  const wal = BigInt(found.targetLsn - found.backup.startLsn);
  const kept = wal < MOST_WAL_KEPT_BYTES ? wal : MOST_WAL_KEPT_BYTES;
  return restoredSizeBytes(found.backup) + kept + ROOM_BYTES;
}

function checkRoom(facts: FactsBeforeReading, needed: bigint): void {
  const { freeBytes, recoveriesFolder } = facts.cluster;
  if (freeBytes >= needed) return;
  throw refuse(
    facts,
    `the restored data needs about ${needed} bytes beside the running cluster, and ${freeBytes} are free`,
    `Make room on the file system of ${recoveriesFolder}; "walkback release ID" removes what earlier recoveries have kept.`,
  );
}

/**
 * What no target changes: the place and its links and mounts, whose archive it is, and room for the smallest backup.
 *
 * @param backups those that may be restored.
 * @throws {Failure} `refused`.
 */
export function checkBeforeReading(facts: FactsBeforeReading, backups: readonly Backup[]): void {
  checkPlace(facts);
  checkSystem(facts);
  const sizes = backups.map((backup) => restoredSizeBytes(backup));
  const [first, ...others] = sizes;
  if (first === undefined) return;
  checkRoom(facts, others.reduce((least, size) => (size < least ? size : least), first) + ROOM_BYTES);
}

/** What depends on the moment that was found. @throws {Failure} `refused`. */
export function checkFound(facts: PlanFacts): void {
  checkPlace(facts);
  checkSystem(facts);
  checkMajor(facts);
  checkRoom(facts, neededBytes(facts));
  checkTablespaces(facts);
  checkResourceManagers(facts);
}

function checkPlace(facts: FactsBeforeReading): void {
  const { problems, patroni } = facts.cluster;
  const problem = problems[0] ?? (patroni === undefined ? undefined : planProblem(patroni));
  if (problem !== undefined) throw refuse(facts, problem.message, problem.remedy);
}

function checkSystem(facts: FactsBeforeReading): void {
  const { control, archive } = facts;
  if (control.systemIdentifier === archive.systemIdentifier) return;
  throw refuse(
    facts,
    `${archive.address} is the archive of system ${archive.systemIdentifier}, and this is system ${control.systemIdentifier}`,
    'Name the archive of this cluster, or the cluster of this archive.',
  );
}

function checkMajor(facts: PlanFacts): void {
  const { control, found } = facts;
  const major = majorOf(found.backup);
  if (major === control.majorVersion) return;
  throw refuse(
    facts,
    `backup ${found.backup.name} is of PostgreSQL ${major}, and the server is PostgreSQL ${control.majorVersion}`,
    `Choose a target after the upgrade, or restore that backup beside a server of PostgreSQL ${major}.`,
  );
}

/** Replaying these acts on the *live* cluster's tablespace directories. */
function checkTablespaces(facts: PlanFacts): void {
  const [first] = facts.found.tablespaceChanges;
  if (first === undefined) return;
  const what =
    first.kind === 'tablespaceCreate' ? `CREATE TABLESPACE at ${JSON.stringify(first.path)}` : 'DROP TABLESPACE';
  throw refuse(
    facts,
    `on the way there a ${what} would be replayed, and on this host that acts on the live cluster's files`,
    `Recover to before it:  walkback recover plan --to-lsn ${formatLsn(first.lsn)} --exclusive\nor take a backup now and choose later targets, or rehearse on another host.`,
    [`transaction ${first.xid}, at ${formatLsn(first.lsn)}`],
  );
}

/** A rehearsal preloads no library of the live server: it could do anything. So it cannot replay what only one can. */
function checkResourceManagers(facts: PlanFacts): void {
  const numbers = facts.found.customResourceManagers;
  if (numbers.length === 0) return;
  const preloaded = facts.live?.preloadLibraries ?? '';
  throw refuse(
    facts,
    `on the way there is WAL of an extension's own kind (resource manager ${numbers.join(', ')}), which a rehearsal cannot replay without its library`,
    'Choose a target before the extension was used, or restore this backup on another host, with the same shared_preload_libraries, by hand.',
    preloaded === '' ? [] : [`shared_preload_libraries of the live server: ${preloaded}`],
  );
}
