/**
 * What must be so before a container's plan is run: nothing is started, and nothing of the cluster written, before.
 *
 * Everything that is wrong is told at once.
 *
 * @module
 */

import { readSystemIdentifier } from '../archive/archive-identity.ts';
import { readControlFile } from '../archive/server.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { openDcs, type PatroniDcs } from '../cluster/patroni/dcs.ts';
import type { DcsKeys } from '../cluster/patroni/dcs-keys.ts';
import { loadSettings } from '../config/load-settings.ts';
import type { ContainerPlan, PlannedArchive } from '../container/container-plan.ts';
import { revealedAll } from '../container/secret.ts';
import { tooSlow } from '../storage/deadlines.ts';
import { checkClone } from './check-clone.ts';
import { archivesOf, planToJoin, type JoinOptions, type MajorChoice } from './join-cluster.ts';
import { openArchive } from './open-archive.ts';

/** The cluster's system, as its keys in the DCS tell it. */
export type Initialized =
  | { readonly kind: 'no' }
  /** Some member is at it. */
  | { readonly kind: 'underWay' }
  | { readonly kind: 'yes'; readonly systemIdentifier: bigint };

/** With data, nobody waits longer for a store that does not answer: the database is down meanwhile. */
const LOOK_TIMEOUT_MS = 30_000;

/** Of which system the archive is; `undefined` if it holds nothing. */
async function systemOfArchive({ environment }: PlannedArchive, signal: AbortSignal): Promise<bigint | undefined> {
  const settings = await loadSettings({ environment: revealedAll(environment.variables) });
  await using archive = await openArchive(settings);
  return await readSystemIdentifier(archive.store, { signal });
}

function initializedBy({ initialize }: DcsKeys): Initialized {
  if (initialize === undefined) return { kind: 'no' };
  return /^\d+$/.test(initialize) ? { kind: 'yes', systemIdentifier: BigInt(initialize) } : { kind: 'underWay' };
}

function anothers(archive: PlannedArchive, found: bigint, own: string): Failure {
  return new Failure('conflict', {
    message: `cannot archive to ${archive.address}: it holds the system ${found}, and ${own}`,
    remedy:
      'Give this cluster an archive of its own, or bring it back from that one (CLONE_METHOD). Two systems in one archive destroy each other’s recoveries.',
  });
}

/** The same, waited for no longer than a database that is there may wait. @throws {Failure} why it could not be looked at. */
async function lookAtArchive(archive: PlannedArchive, signal: AbortSignal): Promise<bigint | undefined> {
  const limit = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  try {
    return await systemOfArchive(archive, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (isFailure(error) || signal.aborted || !limit.aborted) throw error;
    throw tooSlow(`read ${archive.address}`, LOOK_TIMEOUT_MS, error);
  }
}

/**
 * A cluster that is there is started also when its archive cannot be looked at: a store that is away must not take the
 * database down, and pushes and backups claim the archive before they write.
 */
async function checkArchiveOfData(
  plan: ContainerPlan,
  archive: PlannedArchive,
  given: CheckPlanOptions,
): Promise<void> {
  let found: bigint | undefined;
  try {
    found = await lookAtArchive(archive, given.signal);
  } catch (error) {
    if (!isFailure(error)) throw error;
    given.onWarning(
      `cannot look whether the archive ${archive.address} is this cluster's: ${[error.message, ...error.facts].join('; ')}. The database is started all the same: each push and each backup looks first, and writes nothing into the archive of another cluster. ${error.remedy}`,
    );
    return;
  }
  if (found === undefined) return;
  const { systemIdentifier } = await readControlFile(plan.paths.dataDirectory);
  if (systemIdentifier !== found) throw anothers(archive, found, `the data directory is of ${systemIdentifier}`);
}

const EMPTY_CLUSTER = 'a new, empty cluster would be made, because none is initialised and no clone is asked for';

/** A bucket may have a folder for each major: what another one has is the cluster's from before, too. */
async function refuseOtherMajors(own: PlannedArchive, { choice, signal }: CheckPlanOptions): Promise<void> {
  const others = choice === undefined ? [] : archivesOf(choice).filter(({ address }) => address !== own.address);
  for (const archive of others) {
    const found = await systemOfArchive(archive, signal);
    if (found !== undefined) throw anothers(archive, found, EMPTY_CLUSTER);
  }
}

async function checkArchive(plan: ContainerPlan, initialized: Initialized, given: CheckPlanOptions): Promise<void> {
  const { archive, clone } = plan;
  if (archive === undefined) return;
  if (plan.hasData) return checkArchiveOfData(plan, archive, given);
  const { signal } = given;
  const found = await systemOfArchive(archive, signal);
  if (found === undefined && initialized.kind === 'no' && clone === undefined && !plan.isMajorNamed)
    await refuseOtherMajors(archive, given);
  if (found === undefined) return;
  if (initialized.kind === 'yes' && initialized.systemIdentifier !== found) {
    throw anothers(archive, found, `the cluster is ${initialized.systemIdentifier}`);
  } else if (initialized.kind === 'no' && clone === undefined) {
    throw anothers(archive, found, EMPTY_CLUSTER);
  } else if (initialized.kind === 'no' && clone?.kind === 'archive') {
    const source = await systemOfArchive(clone.archive, signal);
    if (source !== undefined && source !== found) throw anothers(archive, found, `the clone would be of ${source}`);
  }
}

/**
 * Waits for the DCS where it has to be asked: without data here, only it knows whether there is a cluster.
 *
 * @throws {Failure} if Patroni's library cannot ask it at all.
 */
async function untilKeysKnown(
  dcs: PatroniDcs,
  { tell, pause }: Pick<CheckContainerOptions, 'tell' | 'pause'>,
): Promise<DcsKeys> {
  for (;;) {
    try {
      return await dcs.show();
    } catch (error) {
      if (!isFailure(error, 'unavailable')) throw error;
      tell(`waiting for the DCS: ${error.message}`);
      await pause();
    }
  }
}

/** How a plan is checked. */
export interface CheckPlanOptions {
  /** Why it could not be told which major a clone is to have. */
  readonly unsettledMajor?: Failure | undefined;
  /** The plans that there could be: a cluster's archive may be that of another major. */
  readonly choice?: MajorChoice | undefined;
  readonly onWarning: (line: string) => void;
  readonly signal: AbortSignal;
}

/** How to go about it. */
export interface CheckContainerOptions extends Omit<CheckPlanOptions, 'choice'> {
  /** For a member without data; without it the plan is taken as it is. */
  readonly joining?: Pick<JoinOptions, 'choice' | 'access' | 'note'> | undefined;
  readonly tell: (what: string) => void;
  /** Between two questions to a DCS that does not answer; throws when it is to be given up. */
  readonly pause: () => Promise<void>;
}

/** A clone that would be upgraded to a major that nobody has named. */
function unknownMajor({ kind, message, facts, remedy }: Failure): Failure {
  return new Failure(kind, {
    message: `cannot tell which major the clone is to have: PGVERSION is not set, and ${message}`,
    facts,
    remedy: `${remedy}\nOr set PGVERSION.`,
  });
}

/** What is planned as if it were made; the other members of a cluster copy what the first has made. */
function isCloned(plan: ContainerPlan, initialized: Initialized): boolean {
  return !plan.hasData && initialized.kind === 'no' && plan.clone !== undefined;
}

/**
 * Checks. Patroni's configuration and the directories of variables are written already.
 *
 * @returns the plan to run: another where the cluster that is joined is of another major.
 * @throws {Failure} with everything that is wrong.
 */
export async function checkContainer(plan: ContainerPlan, options: CheckContainerOptions): Promise<ContainerPlan> {
  const { tell } = options;
  const dcs = openDcs({ patroniConfig: plan.patroni.path });
  const keys = plan.hasData ? undefined : await untilKeysKnown(dcs, options);
  const initialized: Initialized = keys === undefined ? { kind: 'underWay' } : initializedBy(keys);
  const { joining } = options;
  const isJoined = initialized.kind === 'yes' && joining !== undefined;
  const running =
    keys !== undefined && isJoined
      ? await planToJoin(plan, { ...initialized, keys, readKeys: () => dcs.show() }, { ...options, ...joining })
      : plan;
  tell(isCloned(running, initialized) ? 'checking the archive, and planning the clone' : 'checking the archive');
  // Which major a clone would have had is of no matter to who joins.
  const unsettledMajor = isJoined ? undefined : options.unsettledMajor;
  await checkPlan(running, initialized, { ...options, unsettledMajor, choice: options.joining?.choice });
  return running;
}

/** The same, when it is known what the DCS says. @throws {Failure} with everything that is wrong. */
export async function checkPlan(
  plan: ContainerPlan,
  initialized: Initialized,
  options: CheckPlanOptions,
): Promise<void> {
  const checks = [checkArchive(plan, initialized, options)];
  const { unsettledMajor, onWarning, signal } = options;
  if (isCloned(plan, initialized))
    checks.push(unsettledMajor === undefined ? checkClone(plan, signal) : Promise.reject(unknownMajor(unsettledMajor)));
  else if (unsettledMajor !== undefined)
    onWarning(`PGVERSION is not set, so PostgreSQL ${plan.major} is taken: ${unsettledMajor.message}`);
  const failures: Failure[] = [];
  for (const result of await Promise.allSettled(checks)) {
    if (result.status === 'fulfilled') continue;
    if (!isFailure(result.reason)) throw result.reason;
    failures.push(result.reason);
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new Failure(first.kind, {
    message: `cannot start: ${failures.length} things are wrong`,
    remedy: 'Correct them all and start again.',
    facts: failures.flatMap(({ message, facts, remedy }) => [message, ...facts, remedy]),
  });
}
