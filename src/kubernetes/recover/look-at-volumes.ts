/**
 * What a plan needs to know of a cluster that does not run: read from its members' volumes, by a short Job on each. Nothing is
 * changed there. A server that cannot be started is what many a recovery is for.
 *
 * @module
 */

import { Failure, isFailure, messageOf } from '../../base/failure.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import type { VolumeTasksRequest } from '../rehearse/rehearsal.ts';
import type { ProbedData } from '../volume/volume-tasks.ts';
import type { SwapUses } from './context.ts';
import { claimRef } from './exchange-claim.ts';
import { clusterIn, lookAtLeader, noConfigurationFiles, type LookedAtLive } from './look-at-live.ts';
import { memberClaim } from './names.ts';
import type { PodServer } from './pod-server.ts';
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
  { rehearsals, signal }: VolumeLookUses,
  { live, walkback, archive, pods }: Subject,
  { id, pod, claim }: { readonly id: string; readonly pod: string; readonly claim: string },
): Promise<MemberData> {
  // One whose server does not start has it mounted all the same.
  const node = pods.find(({ metadata }) => metadata?.name === pod)?.spec?.nodeName;
  const request: VolumeTasksRequest = {
    name: `${id}-probe`,
    live,
    walkback,
    archive,
    claim,
    ...(node === undefined ? {} : { node }),
    tasks: [{ do: 'probe' }],
  };
  const [result] = await rehearsals.run(request, signal === undefined ? {} : { signal });
  const volume = result?.did === 'probe' ? result.volume : undefined;
  const data = volume?.data.find(({ place }) => place === 'live');
  if (data !== undefined && typeof Reflect.get(data, 'required') !== 'object') throw otherVersion(walkback);
  if (volume !== undefined && data !== undefined) return { pod, data, freeBytes: BigInt(volume.freeBytes) };
  throw new Failure('corrupt', {
    message: `cannot read the data of ${pod}: ${volume?.unreadable[0]?.why ?? `there are none at ${live.dataDirectory}`}`,
    remedy: `Look at claim ${claim}.`,
  });
}

/** The newest: of the highest timeline, and there the one that has come the furthest. */
export function newestOf(members: readonly MemberData[]): MemberData | undefined {
  const position = ({ data }: MemberData): bigint => parseLsn(data.checkpointLsn) ?? 0n;
  return members.toSorted((a, b) => {
    if (a.data.timeline !== b.data.timeline) return b.data.timeline - a.data.timeline;
    return Number(position(b) - position(a));
  })[0];
}

function cannotLook(namespace: string, name: string, why: string, remedy: string): Failure {
  return new Failure('refused', {
    message: `cannot plan a recovery of ${namespace}/${name}: no pod of it takes writes now, and ${why}`,
    remedy,
  });
}

async function probeAll(uses: VolumeLookUses, subject: Subject, id: string): Promise<MemberData[]> {
  const name = subject.statefulSet.metadata?.name ?? '';
  const found: MemberData[] = [];
  const problems: string[] = [];
  for (let ordinal = 0; ordinal < subject.memberCount; ordinal += 1) {
    const claim = memberClaim(subject.claimTemplate, name, ordinal);
    if ((await uses.api.get<PersistentVolumeClaim>(claimRef(claim))) === undefined) continue;
    uses.onProgress({
      phase: 'scan',
      done: ordinal,
      total: subject.memberCount,
      unit: 'members',
      note: `reads claim ${claim}`,
    });
    try {
      found.push(await probeMember(uses, subject, { id, pod: `${name}-${ordinal}`, claim }));
    } catch (error) {
      uses.signal?.throwIfAborted();
      if (isFailure(error, 'usage')) throw error;
      problems.push(`${claim}: ${messageOf(error)}`);
    }
  }
  if (found.length > 0) return found;
  throw new Failure('refused', {
    message: `cannot plan a recovery of ${uses.api.where.namespace}/${name}: no pod of it takes writes now, and none of its volumes could be read`,
    remedy: 'Look at these claims; start the cluster first, if it can be started.',
    facts: problems,
  });
}

/**
 * Looks at the volumes of all members: those of the newest data count.
 *
 * @throws {Failure} `refused` if none can be read.
 */
export async function lookAtVolumes(uses: VolumeLookUses, subject: Subject, id: string): Promise<LookedAtLive> {
  const { namespace } = uses.api.where;
  const name = subject.statefulSet.metadata?.name ?? '';
  if (subject.walkback.kind === 'none') {
    throw cannotLook(
      namespace,
      name,
      `its volumes cannot be looked at: ${subject.walkback.why}`,
      "Name an image that has walkback, as the cluster's own may: --walkback-image IMAGE. Or start the cluster first, if it can be started.",
    );
  }
  const newest = newestOf(await probeAll(uses, subject, id));
  if (newest === undefined) throw new TypeError('a cluster has a member');
  const { pod, data, freeBytes } = newest;
  const { systemIdentifier, majorVersion, timeline, walLevel, required } = data;
  return {
    pod,
    cluster: {
      control: { systemIdentifier: BigInt(systemIdentifier), majorVersion, timeline, walLevel, required },
      cluster: clusterIn(namespace, subject, data.isShutDown ? 'stopped' : 'crashed'),
      connect: undefined,
      configurationFiles: noConfigurationFiles,
    },
    freeBytes: async () => freeBytes,
  };
}

/**
 * Asks the pod that takes writes; where there is none, or its server does not answer, looks at the volumes.
 *
 * @throws {Failure} what the pod's answer says, or as {@link lookAtVolumes}.
 */
export async function lookAtWhatThereIs(
  server: PodServer & { readonly uses: VolumeLookUses },
  subject: Subject,
  { id, leader }: { readonly id: string; readonly leader: string | undefined },
): Promise<LookedAtLive> {
  if (leader === undefined) return lookAtVolumes(server.uses, subject, id);
  try {
    return await lookAtLeader(server, subject, leader);
  } catch (error) {
    server.uses.signal?.throwIfAborted();
    if (!isFailure(error, 'unavailable')) throw error;
    return lookAtVolumes(server.uses, subject, id);
  }
}
