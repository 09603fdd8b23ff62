/**
 * What a plan needs to know of a cluster that does not run: read from its members' volumes, by a short Job on each. Nothing is
 * changed there. A server that cannot be started is what many a recovery is for.
 *
 * @module
 */

import { Failure, isFailure, messageOf } from '../../base/failure.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import type { OnSight, VolumeTasksRequest } from '../rehearse/rehearsal.ts';
import type { ProbedData } from '../volume/volume-tasks.ts';
import type { SwapUses } from './context.ts';
import { claimRef } from './exchange-claim.ts';
import { clusterIn, noConfigurationFiles, type LookedAtLive } from './look-at-live.ts';
import { memberClaim, ordinalOf } from './names.ts';
import type { Subject } from './subject.ts';

/** Uses of {@link lookAtVolumes}. */
export type VolumeLookUses = Pick<SwapUses, 'api' | 'rehearsals' | 'onProgress' | 'signal'>;

/** The live data of one member. */
export interface MemberData {
  readonly pod: string;
  readonly data: ProbedData;
  readonly freeBytes: bigint;
}

/** An image of an earlier version says less of a volume. */
function otherVersion(walkback: Subject['walkback']): Failure {
  const which = walkback.kind === 'copied' ? walkback.image : "the cluster's own image";
  return new Failure('usage', {
    message: `cannot look at the volumes: the walkback in ${which} is of another version than this one`,
    remedy: 'Name an image with this version of walkback: --walkback-image IMAGE.',
  });
}

async function probeMember(
  { rehearsals, onProgress, signal }: VolumeLookUses,
  { live, walkback, archive, pods }: Subject,
  {
    id,
    pod,
    ordinal,
    claim,
  }: { readonly id: string; readonly pod: string; readonly ordinal: number; readonly claim: string },
): Promise<MemberData> {
  // One whose server does not start has it mounted all the same.
  const node = pods.find(({ metadata }) => metadata?.name === pod)?.spec?.nodeName;
  const request: VolumeTasksRequest = {
    name: `${id}-probe-${ordinal}`,
    live,
    walkback,
    archive,
    claim,
    ...(node === undefined ? {} : { node }),
    tasks: [{ do: 'probe' }],
  };
  const onSight: OnSight = ({ trouble }) => {
    const note = trouble === undefined ? `reads claim ${claim}` : `claim ${claim}: ${trouble.message}`;
    onProgress({ phase: 'scan', done: ordinal, unit: 'members', note });
  };
  const [result] = await rehearsals
    .run(request, { onSight, ...(signal === undefined ? {} : { signal }) })
    .catch(async (error: unknown) => {
      // No plan is stored yet by which anybody could find it. Its deadline ends it where this cannot.
      await rehearsals.endRun(request.name, {}).catch(() => {});
      throw error;
    });
  const volume = result?.did === 'probe' ? result.volume : undefined;
  const data = volume?.data.find(({ place }) => place === 'live');
  if (data !== undefined && typeof Reflect.get(data, 'required') !== 'object') throw otherVersion(walkback);
  if (volume !== undefined && data !== undefined) return { pod, data, freeBytes: BigInt(volume.freeBytes) };
  throw new Failure('corrupt', {
    message: `cannot read the data of ${pod}: ${volume?.unreadable[0]?.why ?? `there are none at ${live.dataDirectory}`}`,
    remedy: `Look at claim ${claim}.`,
  });
}

const WAS_REPLICA = /in (?:archive )?recovery$/;

/** How far the data of a member have got, for comparing. */
function standOf({ data }: MemberData): { timeline: number; isPrimary: boolean; lsn: bigint } {
  const [checkpoint, recovered] = [parseLsn(data.checkpointLsn) ?? 0n, parseLsn(data.minRecoveryLsn) ?? 0n];
  return {
    // One that was promoted and has ended before its first checkpoint has its timeline there alone.
    timeline: Math.max(data.timeline, data.minRecoveryTimeline),
    isPrimary: !WAS_REPLICA.test(data.controlState),
    lsn: checkpoint > recovered ? checkpoint : recovered,
  };
}

/** The newest: of the highest timeline; there one that took writes, as what it has done since its checkpoint is seen in no control file. */
export function newestOf(members: readonly MemberData[]): MemberData | undefined {
  return members.toSorted((one, other) => {
    const [a, b] = [standOf(one), standOf(other)];
    if (a.timeline !== b.timeline) return b.timeline - a.timeline;
    if (a.isPrimary !== b.isPrimary) return a.isPrimary ? -1 : 1;
    return a.lsn === b.lsn ? 0 : a.lsn > b.lsn ? -1 : 1;
  })[0];
}

function cannotPlan(
  { api }: VolumeLookUses,
  { statefulSet }: Subject,
  { why, remedy }: { readonly why: string; readonly remedy: string },
): Failure {
  return new Failure('refused', {
    message: `cannot plan a recovery of ${api.where.namespace}/${statefulSet.metadata?.name ?? ''}: no pod of it takes writes now, and ${why}`,
    remedy,
  });
}

/** All that there are, also of members that are not wanted now: somebody may have scaled down in distress. */
async function probeAll(uses: VolumeLookUses, subject: Subject, id: string): Promise<MemberData[]> {
  const name = subject.statefulSet.metadata?.name ?? '';
  const found: MemberData[] = [];
  const problems: string[] = [];
  for (const ordinal of [...Array(subject.memberCount).keys(), ...subject.leftOver]) {
    const claim = memberClaim(subject.claimTemplate, name, ordinal);
    if ((await uses.api.get<PersistentVolumeClaim>(claimRef(claim))) === undefined) continue;
    try {
      found.push(await probeMember(uses, subject, { id, pod: `${name}-${ordinal}`, ordinal, claim }));
    } catch (error) {
      uses.signal?.throwIfAborted();
      if (isFailure(error, 'usage')) throw error;
      problems.push(`${claim}: ${messageOf(error)}`);
    }
  }
  if (problems.length === 0 && found.length > 0) return found;
  throw new Failure('refused', {
    message: `cannot plan a recovery of ${uses.api.where.namespace}/${name}: no pod of it takes writes now, and ${problems.length === 0 ? 'it has no volumes' : 'not all of its volumes could be read: any may hold the newest data'}`,
    remedy: 'Mend what keeps them from being read, or start the cluster first, if it can be started; then plan again.',
    facts: problems,
  });
}

/**
 * Looks at the volumes of all members: those of the newest data count.
 *
 * @throws {Failure} `refused` if one cannot be read.
 */
export async function lookAtVolumes(uses: VolumeLookUses, subject: Subject, id: string): Promise<LookedAtLive> {
  const name = subject.statefulSet.metadata?.name ?? '';
  if (subject.walkback.kind === 'none') {
    throw cannotPlan(uses, subject, {
      why: `its volumes cannot be looked at: ${subject.walkback.why}`,
      remedy:
        "Name an image that has walkback, as the cluster's own may: --walkback-image IMAGE. Or start the cluster first, if it can be started.",
    });
  }
  const newest = newestOf(await probeAll(uses, subject, id));
  if (newest === undefined) throw new TypeError('a cluster has a member');
  const { pod, data, freeBytes } = newest;
  const ordinal = ordinalOf(pod, name) ?? 0;
  if (ordinal >= subject.memberCount) {
    throw cannotPlan(uses, subject, {
      why: `the newest data are those of ${pod}, which it is not to have now`,
      remedy: `Scale it to ${ordinal + 1} first, then plan again.`,
    });
  }
  const { systemIdentifier, majorVersion, timeline, walLevel, required } = data;
  return {
    pod,
    cluster: {
      control: { systemIdentifier: BigInt(systemIdentifier), majorVersion, timeline, walLevel, required },
      cluster: clusterIn(uses.api.where.namespace, subject, data.isShutDown ? 'stopped' : 'crashed'),
      connect: undefined,
      configurationFiles: noConfigurationFiles,
    },
    freeBytes: async () => freeBytes,
  };
}
