/**
 * What members say of themselves and of each other in their REST API, checked.
 *
 * Source: patroni/api.py (`get_postgresql_status`, `do_GET_cluster`) and patroni/utils.py
 * (`cluster_as_json`) of Patroni 3.0.2, 4.0 and 4.1. 3.0 calls the leader `master`, 4 calls it `primary`; 3.0 before 3.0.4
 * does not tell whether a replica streams.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { integerOr, objectOr, parseObject, textOr } from './dcs-keys.ts';

/** What one member answers to GET /patroni. */
export interface MemberReport {
  /** `running`, `starting`, `stopped`, `creating replica` … */
  readonly state: string;
  /** Patroni's word: `master`, `primary`, `replica`, `standby_leader`, `uninitialized` … See {@link isLeaderRole}. */
  readonly role: string;
  readonly timeline: number | undefined;
  readonly isPaused: boolean;
  /** `streaming`, `in archive recovery`; `undefined` for a primary, and where this Patroni does not say. */
  readonly replicationState: string | undefined;
  /** It sees nobody who holds the leader's lock. */
  readonly isUnlocked: boolean;
  /** `server_version_num`, such as 170010; `undefined` while the server does not run. */
  readonly serverVersionNum: number | undefined;
  /** Patroni's version. */
  readonly version: string | undefined;
  readonly scope: string | undefined;
}

/** A member in the answer to GET /cluster. */
export interface ListedMember {
  readonly name: string;
  /** `leader`, `standby_leader`, `sync_standby`, `quorum_standby`, `replica`. */
  readonly role: string;
  /** `running`, `streaming`, `stopped` … */
  readonly state: string;
  readonly apiUrl: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly timeline: number | undefined;
}

/** True for the role of a member that takes writes, in the words of every Patroni. */
export function isLeaderRole(role: string): boolean {
  return role === 'master' || role === 'primary' || role === 'leader' || role === 'promoted';
}

/** The report in an answer; `undefined` if it is not Patroni's. */
export function parseReport(text: string): MemberReport | undefined {
  const answer = ((): Readonly<Record<string, unknown>> | undefined => {
    try {
      return parseObject(text);
    } catch {
      return undefined;
    }
  })();
  const state = textOr(answer?.['state']);
  if (answer === undefined || state === undefined) return undefined;
  const patroni = objectOr(answer['patroni']);
  return {
    state,
    role: textOr(answer['role']) ?? 'unknown',
    timeline: integerOr(answer['timeline']),
    isPaused: answer['pause'] === true,
    replicationState: textOr(answer['replication_state']),
    isUnlocked: answer['cluster_unlocked'] === true,
    serverVersionNum: integerOr(answer['server_version']),
    version: textOr(patroni['version']),
    scope: textOr(patroni['scope']),
  };
}

/** The members in an answer. @throws {Failure} `corrupt` if it holds none. */
export function parseMembers(text: string): ListedMember[] {
  const { members } = parseObject(text);
  if (!Array.isArray(members)) throw notUnderstood('GET /cluster', text);
  return members.flatMap((one: unknown) => {
    const member = objectOr(one);
    const name = textOr(member['name']);
    if (name === undefined) return [];
    return [
      {
        name,
        role: textOr(member['role']) ?? 'unknown',
        state: textOr(member['state']) ?? 'unknown',
        apiUrl: textOr(member['api_url']),
        host: textOr(member['host']),
        port: integerOr(member['port']),
        timeline: integerOr(member['timeline']),
      },
    ];
  });
}

function notUnderstood(what: string, text: string): Failure {
  return new Failure('corrupt', {
    message: `cannot use what Patroni answers to ${what}: ${JSON.stringify(text.slice(0, 80))}`,
    remedy: 'See that this is the address of a Patroni, 3.0 or later.',
  });
}
