/**
 * A claim's name given to another volume, and the volume that had it kept under a name that says what it is.
 *
 * Every change can be told from the two volumes and the claims, so a call that was interrupted anywhere is made again:
 *
 * Each of the two volumes is looked at once more, and kept (`Retain`), before its claim is removed: another run, GitOps or another hand
 * may have set its policy back meanwhile.
 *
 * 1. The claim that the new volume is bound to is removed, and proven gone.
 * 2. The new volume's `claimRef` names the claim, without a uid, *while the old claim is still there*: the name is reserved, and
 *    no other pending claim can be given the volume.
 * 3. The old claim is removed, and proven gone. Its volume is kept, as its reclaim policy is `Retain`.
 * 4. The claim is made, for exactly the new volume. Where the StatefulSet was faster, its claim gets the reserved volume.
 * 5. The old volume's `claimRef` names the claim that keeps it, and that is made.
 *
 * Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reserving-a-persistentvolume
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../api/kubernetes-objects.ts';

const GONE_MS = 60_000;
const BOUND_MS = 60_000;

/** Which volume comes, and which goes. */
export interface Exchange {
  /** The claim whose volume is exchanged. */
  readonly claim: string;
  /** Of the claim that is made under that name, those of the live one. */
  readonly labels: Readonly<Record<string, string>>;
  /** `undefined`: the name becomes free, for a new empty volume. */
  readonly incoming:
    | { readonly volume: string; readonly fromClaim: string; readonly fromClaimUid?: string }
    | undefined;
  /** `undefined`: nothing has the name. */
  readonly outgoing:
    | {
        readonly volume: string;
        readonly toClaim: string;
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations: Readonly<Record<string, string>>;
      }
    | undefined;
}

/** The ref of a claim. */
export function claimRef(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name };
}

/** The ref of a volume. */
export function volumeRef(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'PersistentVolume', name };
}

/** A volume. @throws {Failure} `failed` if it is gone. */
export async function volumeOf(api: KubernetesApi, name: string): Promise<PersistentVolume> {
  const volume = await api.get<PersistentVolume>(volumeRef(name));
  if (volume !== undefined) return volume;
  throw new Failure('failed', {
    message: `cannot find the volume ${name}: it has been removed`,
    remedy: 'Ask whoever administers the cluster what became of it; nothing further is done.',
  });
}

/** The volume that a claim is bound to; empty if it is not there, or not bound. */
export async function volumeOfClaim(api: KubernetesApi, claim: string): Promise<string> {
  return (await api.get<PersistentVolumeClaim>(claimRef(claim)))?.spec?.volumeName ?? '';
}

/** False only for a volume that is proven to have been removed. */
export async function isVolumeThere(api: KubernetesApi, name: string): Promise<boolean> {
  return (await api.get<PersistentVolume>(volumeRef(name))) !== undefined;
}

/** On a volume: its reclaim policy before walkback has kept it. */
const POLICY_ANNOTATION = 'walkback/reclaim-policy-before';

/** Keeps a volume when its claim goes, and notes on it what its policy was. */
export async function retainVolume(api: KubernetesApi, name: string): Promise<void> {
  const volume = await volumeOf(api, name);
  const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Delete';
  if (policy === 'Retain') return;
  const metadata = { annotations: { [POLICY_ANNOTATION]: policy } };
  await api.patch(volumeRef(name), {
    type: 'merge',
    body: { metadata, spec: { persistentVolumeReclaimPolicy: 'Retain' } },
  });
}

/** Gives a volume the reclaim policy that it had before {@link retainVolume}; one that has been removed has none. */
export async function letVolumeGo(api: KubernetesApi, name: string): Promise<void> {
  const volume = await api.get<PersistentVolume>(volumeRef(name));
  const policy = volume?.metadata?.annotations?.[POLICY_ANNOTATION];
  if (policy === undefined) return;
  const metadata = { annotations: { [POLICY_ANNOTATION]: null } };
  await api.patch(volumeRef(name), {
    type: 'merge',
    body: { metadata, spec: { persistentVolumeReclaimPolicy: policy } },
  });
}

/** Removes a claim that is bound to `volume` (or has this uid), and waits until it is gone. Another one is left. */
export async function removeClaim(api: KubernetesApi, name: string, volume: string): Promise<void> {
  const claim = await api.get<PersistentVolumeClaim>(claimRef(name));
  if (claim === undefined || claim.spec?.volumeName !== volume) return;
  const uid = claim.metadata?.uid;
  await api.delete(claimRef(name), uid === undefined ? {} : { uid });
  await untilGone(api, name, uid);
}

/** @returns what has the name then. */
async function untilGone(
  api: KubernetesApi,
  name: string,
  uid: string | undefined,
): Promise<PersistentVolumeClaim | undefined> {
  return api.until<PersistentVolumeClaim>(
    claimRef(name),
    `claim ${name} to be gone`,
    (found) => found === undefined || found.metadata?.uid !== uid,
    { timeoutMs: GONE_MS },
  );
}

/** One that is being removed is there and bound until it is gone, and its volume is nobody's then. */
function isGoing(claim: PersistentVolumeClaim | undefined): boolean {
  return claim?.metadata?.deletionTimestamp !== undefined;
}

/** Reserves the volume for a claim of that name, whether or not there is one yet. */
async function reserveFor(api: KubernetesApi, volume: string, claim: string): Promise<void> {
  const { namespace } = api.where;
  for (;;) {
    const found = await volumeOf(api, volume);
    const ref = found.spec?.claimRef;
    if (ref?.name === claim && ref.namespace === namespace) {
      const holder = await api.get<PersistentVolumeClaim>(claimRef(claim));
      const isHolder = ref.uid !== undefined && ref.uid === holder?.metadata?.uid;
      // Bound already, or reserved and not bound yet.
      if (ref.uid === undefined || (isHolder && !isGoing(holder))) return;
      if (isHolder) {
        // Of an exchange that is taken back: reserved when it has let go of the volume.
        await untilGone(api, claim, ref.uid);
        continue;
      }
    }
    const reference = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace,
      name: claim,
      uid: null,
      resourceVersion: null,
    };
    const resourceVersion = found.metadata?.resourceVersion;
    try {
      await api.patch(volumeRef(volume), {
        type: 'merge',
        body: { metadata: { resourceVersion }, spec: { claimRef: reference } },
      });
      return;
    } catch (error) {
      // The volume controller writes too.
      if (!isFailure(error, 'conflict')) throw error;
    }
  }
}

/** The claim that a volume is to be bound to: class, modes and size are the volume's own. */
export function claimFor(
  volume: PersistentVolume,
  name: string,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): PersistentVolumeClaim {
  const { accessModes = [], capacity, storageClassName, volumeMode } = volume.spec ?? {};
  const storage = capacity?.['storage'] ?? '0';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, labels: { ...labels }, annotations: { ...annotations } },
    spec: {
      accessModes,
      resources: { requests: { storage } },
      // No class at all is not the default class.
      storageClassName: storageClassName ?? '',
      ...(volumeMode === undefined ? {} : { volumeMode }),
      volumeName: volume.metadata?.name ?? '',
    },
  };
}

/** Makes the claim for the reserved volume, and waits until it is bound to that one. */
async function bind(
  api: KubernetesApi,
  volume: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  const there = await api.get<PersistentVolumeClaim>(claimRef(name));
  const stays = isGoing(there) ? await untilGone(api, name, there?.metadata?.uid) : there;
  if (stays === undefined) {
    const claim = claimFor(await volumeOf(api, volume), name, labels, annotations);
    await api.create(claim).catch((error: unknown) => {
      // The StatefulSet was faster: its claim is given the reserved volume just the same.
      if (!isFailure(error, 'conflict')) throw error;
    });
  }
  const bound = await api.until<PersistentVolumeClaim>(
    claimRef(name),
    `claim ${name} to be bound to ${volume}`,
    (claim) => claim?.status?.phase === 'Bound' && !isGoing(claim),
    { timeoutMs: BOUND_MS },
  );
  if (bound?.spec?.volumeName === volume) return;
  throw new Failure('conflict', {
    message: `cannot use the claim ${name}: it is bound to ${bound?.spec?.volumeName ?? 'nothing'}, and not to ${volume}`,
    remedy: `Somebody else has made it. Scale the StatefulSet to 0, remove that claim if nothing of it is needed, and go on.`,
  });
}

/**
 * Exchanges it. May be called again after it was interrupted anywhere.
 *
 * @throws {Failure} `unavailable` if a claim does not go, as one does that a pod still uses.
 */
export async function exchangeClaim(api: KubernetesApi, exchange: Exchange): Promise<void> {
  const { claim, labels, incoming, outgoing } = exchange;
  if (incoming !== undefined) {
    await retainVolume(api, incoming.volume);
    await removeClaim(api, incoming.fromClaim, incoming.volume);
    await reserveFor(api, incoming.volume, claim);
  }
  if (outgoing !== undefined) {
    await retainVolume(api, outgoing.volume);
    await removeClaim(api, claim, outgoing.volume);
  }
  if (incoming !== undefined) await bind(api, incoming.volume, claim, labels);
  if (outgoing === undefined) return;
  await reserveFor(api, outgoing.volume, outgoing.toClaim);
  await bind(api, outgoing.volume, outgoing.toClaim, outgoing.labels, outgoing.annotations);
}

/**
 * Exchanges all at once. A failure is told once each has ended: whoever is told gives the Lease back, and nothing may be changed after
 * that.
 *
 * @throws the first one's failure.
 */
export async function exchangeEach<Member>(
  members: readonly Member[],
  exchange: (member: Member) => Promise<void>,
): Promise<void> {
  const ended = await Promise.allSettled(members.map(exchange));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}
