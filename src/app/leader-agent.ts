/**
 * Where commands of a member of a Patroni cluster are to run: a recovery exchanges the leader's data, so it belongs on the
 * leader's host, and the agent there can be asked to run it.
 *
 * A member's agent is found by a tag of its Patroni, `walkback_control: https://host:port`. Tags are written by whoever
 * can write into the DCS; so the token is sent there only if control-ca says whose certificates are believed.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Failure, isFailure } from '../base/failure.ts';
import { recoveriesFolderOf } from '../cluster/local-places.ts';
import type { DcsKeys, DcsMember } from '../cluster/patroni/dcs-keys.ts';
import type { Settings } from '../config/load-settings.ts';
import { agentAddresses } from '../config/value-kind.ts';
import { readJournal, stateOf } from '../recovery/journal.ts';
import { readPatroni } from './patroni-settings.ts';

/** The tag of a member's Patroni that tells where its agent takes commands. */
const CONTROL_TAG = 'walkback_control';

/** An agent of a member, and whose. */
export interface MemberAgent {
  readonly member: string;
  readonly url: URL;
}

/** The address in a member's tag; `undefined` if it has none. @throws {Failure} `refused` for one that must not be used. */
export function controlAddressOf(member: Pick<DcsMember, 'name' | 'tags'>): URL | undefined {
  const tag = member.tags[CONTROL_TAG];
  if (tag === undefined) return undefined;
  const [url, second] = (typeof tag === 'string' ? agentAddresses.parse(tag) : undefined) ?? [];
  if (url?.protocol === 'https:' && second === undefined) return url;
  throw new Failure('refused', {
    message: `cannot call the agent of ${member.name}: its tag ${CONTROL_TAG} is ${JSON.stringify(tag)}`,
    remedy: `Let it be https://host:port, the control-address of that agent, in the tags of its patroni.yml.`,
  });
}

function needsAuthority(settings: Settings): void {
  if (settings.get('controlCa') !== undefined) return;
  throw new Failure('usage', {
    message: 'cannot call an agent whose address is found in Patroni: control-ca is not set',
    remedy:
      'Set control-ca to the authority that signed the certificates of the agents: who can write a tag must not get the token.',
  });
}

/** The agent of a member, by its name. @throws {Failure} `usage`, `refused`, `unavailable`. */
export async function agentOfMember(settings: Settings, name: string): Promise<MemberAgent> {
  needsAuthority(settings);
  const patroni = await readPatroni(settings);
  if (patroni === undefined) {
    throw new Failure('usage', {
      message: `cannot find the member ${name}: this is no host of a Patroni cluster (cluster-kind)`,
      remedy: 'Name its agent with --via https://host:port.',
    });
  }
  const { members } = await patroni.dcs.show();
  const member = members.find((one) => one.name === name);
  const url = member === undefined ? undefined : controlAddressOf(member);
  if (url !== undefined) return { member: name, url };
  const found = member === undefined ? 'there is no such member now' : `its Patroni has no tag ${CONTROL_TAG}`;
  throw new Failure('refused', {
    message: `cannot call the agent of ${name}: ${found}`,
    remedy: `Run the command on its host, or name its agent with --via https://host:port. The members there are: ${members.map((one) => one.name).join(', ')}.`,
  });
}

/** A command of a recovery that is asked for on this member. */
export interface AskedHere {
  /** Of the recovery, if it names one. */
  readonly id: string | undefined;
  /** It exchanges data in the end, so that it cannot be done where nobody leads. */
  readonly cutsOver: boolean;
}

/** What this host has of the recovery that a command names. */
export type OwnRecovery = 'none' | 'notSwapped' | 'swapped';

/**
 * The leader's agent, which a command is to be handed on to; `undefined`: it runs here.
 *
 * @throws {Failure} `refused` where it can run neither here nor there.
 */
export function agentOfOtherLeader(
  { leader, members }: Pick<DcsKeys, 'leader' | 'members'>,
  own: { readonly name: string; readonly recovery: OwnRecovery },
  { canCall, cutsOver }: { readonly canCall: boolean; readonly cutsOver: boolean },
): MemberAgent | undefined {
  // One that is half done is gone on with where its journal and its data are, whoever leads meanwhile.
  if (leader === undefined || leader === own.name || own.recovery === 'swapped') return undefined;
  const member = members.find(({ name }) => name === leader);
  const isElsewhere = own.recovery === 'none' && canCall;
  const url = member === undefined || !isElsewhere ? undefined : controlAddressOf(member);
  if (url !== undefined) return { member: leader, url };
  if (!cutsOver) return undefined;
  const { connUrl } = member ?? {};
  const where = connUrl !== undefined && URL.canParse(connUrl) ? ` (${new URL(connUrl).host})` : '';
  throw new Failure('refused', {
    message: `cannot recover on this host: ${leader}${where} is the leader, and this is ${own.name}`,
    remedy: `Plan and run it on the host of ${leader}, or make this member the leader first (patronictl switchover).\nTo have it handed on from here, set the tag ${CONTROL_TAG} in the patroni.yml of ${leader}, and control-token-file and control-ca here.`,
  });
}

async function ownRecovery(dataDirectory: string, id: string | undefined): Promise<OwnRecovery> {
  const folder = id === undefined ? undefined : join(recoveriesFolderOf(dataDirectory), id);
  if (folder === undefined || !existsSync(join(folder, 'plan.json'))) return 'none';
  const state = stateOf(await readJournal(join(folder, 'journal.jsonl')));
  return state === 'planned' || state === 'rehearsing' || state === 'standing' ? 'notSwapped' : 'swapped';
}

/**
 * The leader's agent, where a command of a member that does not lead is to be handed on; `undefined`: it runs here.
 *
 * Where the DCS does not answer, the command itself says so.
 *
 * @throws {Failure} `refused`, with the leader's host, where it can run neither here nor there.
 */
export async function agentOfLeader(settings: Settings, asked: AskedHere): Promise<MemberAgent | undefined> {
  const canCall = settings.get('controlTokenFile') !== undefined && settings.get('controlCa') !== undefined;
  try {
    const patroni = await readPatroni(settings);
    if (patroni === undefined) return undefined;
    const { dataDirectory, memberName: name } = patroni.configuration;
    const own = { name, recovery: await ownRecovery(dataDirectory, asked.id) };
    return agentOfOtherLeader(await patroni.dcs.show(), own, { canCall, cutsOver: asked.cutsOver });
  } catch (error) {
    if (isFailure(error, 'unavailable')) return undefined;
    throw error;
  }
}
