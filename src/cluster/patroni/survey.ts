/**
 * What a plan shows of a cluster that Patroni runs, from its keys in the DCS: pure.
 *
 * Source: Patroni's documentation, "Dynamic Configuration Settings"; patroni/global_config.py.
 *
 * @module
 */

import type { PatroniSurvey, SurveyedMember } from '../patroni-control.ts';
import { integerOr, objectOr, type DcsKeys, type DcsMember, type JsonObject } from './dcs-keys.ts';

/** What is not in the keys. */
export interface SurveyOptions {
  readonly scope: string;
  readonly memberName: string;
  readonly commands: { readonly stop: string; readonly start: string };
  /** Members that have answered. */
  readonly reachable: ReadonlySet<string>;
}

const DEFAULT_TTL_SECONDS = 30;
const DEFAULT_LOOP_WAIT_SECONDS = 10;

function addressOf(connUrl: string | undefined): string | null {
  const url = connUrl === undefined || !URL.canParse(connUrl) ? undefined : new URL(connUrl);
  return url === undefined || url.hostname === '' ? null : `${url.hostname}:${url.port === '' ? '5432' : url.port}`;
}

/** `nofailover`, `clonefrom`; `replicatefrom: one`, where more than "yes" is said. */
function tagsOf(tags: JsonObject): string[] {
  return Object.entries(tags).flatMap(([name, value]) => {
    if (value === false || value === null || value === undefined) return [];
    if (value === true) return [name];
    return [`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`];
  });
}

function memberOf(member: DcsMember, keys: DcsKeys, reachable: ReadonlySet<string>): SurveyedMember {
  const leader = keys.members.find(({ name }) => name === keys.leader);
  const isLeader = member.name === keys.leader;
  const ahead = leader?.lsnBytes ?? (keys.status.optimeBytes === 0n ? undefined : keys.status.optimeBytes);
  const lag = ahead === undefined || member.lsnBytes === undefined ? undefined : ahead - member.lsnBytes;
  return {
    name: member.name,
    role: isLeader && member.role !== 'standby_leader' ? 'leader' : member.role,
    state: member.state,
    timeline: member.timeline ?? null,
    lagBytes: lag === undefined || isLeader ? null : (lag < 0n ? 0n : lag).toString(),
    address: addressOf(member.connUrl),
    tags: tagsOf(member.tags),
    isReachable: reachable.has(member.name),
  };
}

/** The name of the slot that Patroni gives a member. Source: `slot_name_from_member_name`. */
function slotNameOf(member: string): string {
  const plain = (one: string): string =>
    one === '-' || one === '.' ? '_' : `u${String(one.codePointAt(0)).padStart(4, '0')}`;
  return member
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/gu, plain)
    .slice(0, 63);
}

/** A dead member's key goes away, and its slot is kept for a while: by that it is known, under the slot's name. */
function awayMembers({ status, members, config }: DcsKeys): SurveyedMember[] {
  const known = new Set([...members.map(({ name }) => slotNameOf(name)), ...Object.keys(objectOr(config?.['slots']))]);
  return status.retainedSlots
    .filter((slot) => !known.has(slot))
    .map((name) => ({
      name,
      role: 'replica',
      state: 'away',
      timeline: null,
      lagBytes: null,
      address: null,
      tags: [],
      isReachable: false,
    }));
}

/** `synchronous_mode` is true, false, or since Patroni 4 `quorum`. */
function synchronousModeOf(config: JsonObject): PatroniSurvey['synchronousMode'] {
  const mode = config['synchronous_mode'];
  const isStrict = config['synchronous_mode_strict'] === true;
  if (typeof mode === 'string' && mode.toLowerCase() === 'quorum') return isStrict ? 'quorum, strict' : 'quorum';
  const isOn = mode === true || (typeof mode === 'string' && /^(on|true|yes|1)$/i.test(mode));
  if (!isOn) return 'off';
  return isStrict ? 'strict' : 'on';
}

/** The survey of these keys. */
export function surveyOf(keys: DcsKeys, options: SurveyOptions): PatroniSurvey {
  const config = keys.config ?? {};
  const own = keys.members.find(({ name }) => name === options.memberName);
  const parameters = objectOr(objectOr(config['postgresql'])['parameters']);
  return {
    scope: options.scope,
    memberName: options.memberName,
    version: own?.version ?? keys.members[0]?.version ?? null,
    leader: keys.leader ?? null,
    members: [...keys.members.map((member) => memberOf(member, keys, options.reachable)), ...awayMembers(keys)],
    isPaused: config['pause'] === true,
    switchover:
      keys.failover === undefined
        ? null
        : { candidate: keys.failover.candidate ?? null, scheduledAt: keys.failover.scheduledAt ?? null },
    isStandbyCluster: Object.keys(objectOr(config['standby_cluster'])).length > 0,
    synchronousMode: synchronousModeOf(config),
    synchronousStandbys: keys.sync?.standbys ?? [],
    isFailsafe: config['failsafe_mode'] === true,
    permanentSlots: Object.keys(objectOr(config['slots'])).toSorted(),
    parameters: Object.keys(parameters).toSorted(),
    ttlSeconds: integerOr(config['ttl']) ?? DEFAULT_TTL_SECONDS,
    loopWaitSeconds: integerOr(config['loop_wait']) ?? DEFAULT_LOOP_WAIT_SECONDS,
    commands: options.commands,
  };
}
