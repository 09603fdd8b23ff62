/**
 * The major of a member that has no data yet and joins a cluster that is there: the cluster's. What the environment names, or the
 * newest of the image, is for a cluster that begins; PostgreSQL of another major starts on no copy of this one's data.
 *
 * The cluster's own members are asked first, then the archive. Where neither can tell and nothing names a major, it is waited:
 * a wrong one would be found out when the data are copied, and stay.
 *
 * @module
 */

import { readSystemIdentifier } from '../archive/archive-identity.ts';
import { listBackups } from '../backup/list.ts';
import { Failure, isFailure, messageOf } from '../base/failure.ts';
import type { DcsKeys, DcsMember } from '../cluster/patroni/dcs-keys.ts';
import type { RestAccess } from '../cluster/patroni/rest-access.ts';
import { openMemberRest } from '../cluster/patroni/rest-client.ts';
import { loadSettings } from '../config/load-settings.ts';
import type { ContainerPlan, PlannedArchive } from '../container/container-plan.ts';
import { revealedAll } from '../container/secret.ts';
import { majorOf } from '../recovery/plan-refusals.ts';
import { openArchive } from './open-archive.ts';

/** The plans that there could be of this container. */
export interface MajorChoice {
  /** Every major of the image. */
  readonly majors: readonly number[];
  /** The plan with one of them, where there are no data. @throws {Failure} what it refuses. */
  readonly planFor: (major: number) => ContainerPlan;
}

/** A cluster that is there. */
export interface ClusterToJoin {
  readonly systemIdentifier: bigint;
  /** Its keys, as they were read last. */
  readonly keys: DcsKeys;
  readonly readKeys: () => Promise<DcsKeys>;
}

/** How to go about it. */
export interface JoinOptions {
  readonly choice: MajorChoice;
  readonly access: RestAccess;
  readonly tell: (what: string) => void;
  readonly note: (line: string) => void;
  /** Between two rounds of questions; throws when it is to be given up. */
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
}

const ARCHIVE_TIMEOUT_MS = 30_000;

/** The leader first. */
function inOrder({ members, leader }: DcsKeys): readonly DcsMember[] {
  return members.toSorted((a, b) => Number(b.name === leader) - Number(a.name === leader));
}

/** What a member's server says that it is; only read, so no password goes to whoever answers there. */
async function majorOfMembers(keys: DcsKeys, access: RestAccess): Promise<number | undefined> {
  for (const { apiUrl } of inOrder(keys)) {
    if (apiUrl === undefined) continue;
    const rest = openMemberRest(apiUrl, { ...access, auth: undefined, isInsecure: true });
    const report = await rest.status().catch(() => undefined);
    if (report?.serverVersionNum !== undefined) return Math.floor(report.serverVersionNum / 10_000);
  }
  return undefined;
}

async function majorInArchive(
  archive: PlannedArchive,
  system: bigint,
  signal: AbortSignal,
): Promise<number | undefined> {
  const settings = await loadSettings({ environment: revealedAll(archive.environment.variables) });
  await using open = await openArchive(settings);
  if ((await readSystemIdentifier(open.store, { signal })) !== system) return undefined;
  const backups = await listBackups(open.store, signal);
  const newest = backups.toSorted((a, b) => b.startedAt.getTime() - a.startedAt.getTime())[0];
  return newest === undefined ? undefined : majorOf(newest);
}

/** The archives that this cluster may have: an address may have the major in it. */
export function archivesOf({ majors, planFor }: MajorChoice): readonly PlannedArchive[] {
  const byAddress = new Map<string, PlannedArchive>();
  for (const major of majors.toSorted((a, b) => b - a)) {
    try {
      const { archive } = planFor(major);
      if (archive !== undefined && !byAddress.has(archive.address)) byAddress.set(archive.address, archive);
    } catch (error) {
      // What a major is refused for is told where it is the one to run.
      if (!isFailure(error)) throw error;
    }
  }
  return [...byAddress.values()];
}

/** Of the newest backup of this system, wherever it is. Why a place could not be looked at goes to `tell`. */
async function majorOfArchives(
  { systemIdentifier }: ClusterToJoin,
  { choice, tell, signal }: JoinOptions,
): Promise<number | undefined> {
  for (const archive of archivesOf(choice)) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ARCHIVE_TIMEOUT_MS)]);
    try {
      const major = await majorInArchive(archive, systemIdentifier, limit);
      if (major !== undefined) return major;
    } catch (error) {
      signal.throwIfAborted();
      tell(`cannot look in ${archive.address} which PostgreSQL the cluster is: ${messageOf(error)}`);
    }
  }
  return undefined;
}

function refusal(plan: ContainerPlan, major: number, majors: readonly number[]): Failure {
  return new Failure('refused', {
    message: `cannot join the cluster ${plan.scope}: it is of PostgreSQL ${major}, and this image has ${majors.join(', ')}`,
    remedy: `Start an image that has PostgreSQL ${major}.`,
  });
}

function planOf(plan: ContainerPlan, major: number, { choice, note }: JoinOptions): ContainerPlan {
  if (major === plan.major) return plan;
  if (!choice.majors.includes(major)) throw refusal(plan, major, choice.majors);
  const joined = choice.planFor(major);
  if (joined.major !== major)
    throw new Failure('refused', {
      message: `cannot join the cluster ${plan.scope}: it is of PostgreSQL ${major}, and postgresql.bin_dir in SPILO_CONFIGURATION is that of ${joined.major}`,
      remedy: 'Take bin_dir out.',
    });
  note(`PostgreSQL ${major} is started, not ${plan.major}: the cluster that is joined is of it`);
  return joined;
}

/**
 * The plan with the cluster's major.
 *
 * @throws {Failure} `refused` if the image has not got it; what the plan with it refuses.
 */
export async function planToJoin(
  plan: ContainerPlan,
  cluster: ClusterToJoin,
  options: JoinOptions,
): Promise<ContainerPlan> {
  const mayGuess = plan.isMajorNamed || options.choice.majors.length < 2;
  for (let { keys } = cluster; ; keys = await cluster.readKeys().catch(() => keys)) {
    const major =
      (await majorOfMembers(keys, options.access)) ?? (mayGuess ? plan.major : await majorOfArchives(cluster, options));
    if (major !== undefined) return planOf(plan, major, options);
    options.tell('waiting for a member of the cluster that tells which PostgreSQL it is; PGVERSION would');
    await options.pause();
  }
}
