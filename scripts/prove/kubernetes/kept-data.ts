/**
 * What a recovery keeps of every member, seen from outside: the claim, its volume, and the data directory on it.
 *
 * | way | each member's data from before | the recovered data, once it is undone |
 * |---|---|---|
 * | rebind, clone | its volume, `Retain`, by claim `walkback-<id>-kept-<n>` | by claim `walkback-<id>-replaced-<n>`, `Retain` |
 * | in-volume | of the first, a folder beside the live one; others' claims go, as its plan says | so too |
 * | recreate | its own claim, untouched | claim `walkback-<id>-<cluster>-<n>`, untouched |
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import type { RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import { claimRef, volumeRef } from '../../../src/kubernetes/recover/exchange-claim.ts';
import { podRef } from '../../../src/kubernetes/recover/pods-gone.ts';
import type { PatroniDatabase } from '../../../tests/support/kubernetes/patroni-database.ts';
import type { OutsideEye } from './outside-eye.ts';

/** What a member has at one moment. */
export interface MemberData {
  readonly ordinal: number;
  readonly claim: string;
  readonly claimUid: string;
  readonly volume: string;
  /** Of its data directory, which keeps this number through every rename and under every claim. */
  readonly inode: string;
}

/** A cluster, and whoever looks at its volumes. */
export interface Seen {
  readonly database: PatroniDatabase;
  readonly eye: OutsideEye;
}

/** And the way of its recoveries. */
export interface Kept extends Seen {
  readonly way: RecoveryWay;
}

const DATA_MS = 180_000;

async function claimOf({ api, name }: PatroniDatabase, ordinal: number): Promise<PersistentVolumeClaim | undefined> {
  const pod = await api.get<Pod>(podRef(`${name}-${ordinal}`));
  const mount = pod?.spec?.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
  const claim = mount?.persistentVolumeClaim?.claimName;
  return claim === undefined ? undefined : api.get<PersistentVolumeClaim>(claimRef(claim));
}

async function memberData({ database, eye }: Seen, ordinal: number): Promise<MemberData> {
  const deadline = Date.now() + DATA_MS;
  for (;;) {
    const { metadata, spec } = (await claimOf(database, ordinal)) ?? {};
    const volume = spec?.volumeName ?? '';
    const seen = volume === '' ? [] : await eye.look(database.namespace.name);
    const live = seen.find(({ path }) => path.startsWith(`${volume}_`) && !path.includes('.walkback/'));
    if (live !== undefined)
      return { ordinal, claim: metadata?.name ?? '', claimUid: metadata?.uid ?? '', volume, inode: live.inode };
    // A replica may just be being made.
    if (Date.now() > deadline) throw new Error(`${database.name}-${ordinal} has no data on ${volume}`);
    await sleep(1000);
  }
}

/** What each member has now, once it has something. */
export async function membersData(seen: Seen, replicas: number): Promise<MemberData[]> {
  const found: MemberData[] = [];
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) found.push(await memberData(seen, ordinal));
  return found;
}

/** What is wrong with the data of a member that is to be under this claim, on the volume that it was on. */
async function wrongUnder({ database, eye, way }: Kept, member: MemberData, claim: string): Promise<string[]> {
  const { api, namespace } = database;
  const words = `data of member ${member.ordinal}`;
  const found = await api.get<PersistentVolumeClaim>(claimRef(claim));
  if (found === undefined) return [`${words}: there is no claim ${claim}`];
  const volume = await api.get<PersistentVolume>(volumeRef(member.volume));
  const isOfVolumes = way === 'rebind' || way === 'clone';
  const isSame = found.spec?.volumeName === member.volume && found.status?.phase === 'Bound';
  const isUntouched = isOfVolumes || found.metadata?.uid === member.claimUid;
  const policy = volume?.spec?.persistentVolumeReclaimPolicy;
  const data = (await eye.look(namespace.name)).find(({ inode }) => inode === member.inode);
  const isThere = data?.path.startsWith(`${member.volume}_`) === true;
  return [
    ...(isSame
      ? []
      : [`${words}: ${claim} is ${found.status?.phase} to ${found.spec?.volumeName}, not ${member.volume}`]),
    ...(isUntouched ? [] : [`${words}: ${claim} is another claim than before`]),
    ...(!isOfVolumes || policy === 'Retain' ? [] : [`${words}: ${member.volume} is ${policy}, not Retain`]),
    ...(isThere ? [] : [`${words}: not on ${member.volume}, but ${data?.path ?? 'gone'}`]),
    ...(way !== 'in-volume' || data?.path.includes('.walkback/') === true
      ? []
      : [`${words}: not beside the live data, but ${data?.path ?? 'gone'}`]),
  ];
}

/** Where a member's data are put aside; `undefined`: its way does not keep them. */
function claimAside(
  { way }: Kept,
  id: string,
  { ordinal, claim }: MemberData,
  holds: 'kept' | 'replaced',
): string | undefined {
  if (way === 'rebind' || way === 'clone') return `walkback-${id}-${holds}-${ordinal}`;
  return way === 'recreate' || ordinal === 0 ? claim : undefined;
}

/** What is wrong with what recovery `id` has put aside of these members. */
export async function wrongAside(
  kept: Kept,
  id: string,
  members: readonly MemberData[],
  holds: 'kept' | 'replaced',
): Promise<string[]> {
  const found: string[] = [];
  for (const member of members) {
    const claim = claimAside(kept, id, member, holds);
    if (claim !== undefined) found.push(...(await wrongUnder(kept, member, claim)));
  }
  return found.map((one) => `${holds} ${one}`);
}

/** What is wrong after an undo: the data that led are the first member's again, and what was recovered is put aside. */
export async function wrongUndone(
  kept: Kept,
  id: string,
  { before, recovered, leader }: { before: readonly MemberData[]; recovered: readonly MemberData[]; leader: number },
): Promise<string[]> {
  const led = before[leader];
  const live = await memberData(kept, 0);
  const isBack = led !== undefined && live.volume === led.volume && live.inode === led.inode;
  const isOfVolumes = kept.way === 'rebind' || kept.way === 'clone';
  const others = isOfVolumes ? before.filter(({ ordinal }) => ordinal !== leader) : [];
  return [
    ...(isBack
      ? []
      : [`the data that led before are not the first member's, which has ${live.inode} on ${live.volume}`]),
    ...(await wrongAside(kept, id, others, 'kept')),
    ...(await wrongAside(kept, id, recovered, 'replaced')),
  ];
}
