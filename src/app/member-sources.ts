/**
 * The member of this container as its Patroni and both PostgreSQL servers tell it, for readiness.
 *
 * @module
 */

import { refusalToAccept, refusalToFollow, type AcceptanceSides } from '../cluster/accept-member.ts';
import type { JsonObject } from '../cluster/patroni/dcs-keys.ts';
import { connectToMember, superuserOf } from '../cluster/patroni/member-connection.ts';
import { isLeaderRole, type ListedMember, type MemberReport } from '../cluster/patroni/members.ts';
import { restAccessOf } from '../cluster/patroni/rest-access.ts';
import { openMemberRest } from '../cluster/patroni/rest-client.ts';
import { connect, type Connection } from '../instance/connection.ts';
import type { Looked } from '../supervise/acceptance-memory.ts';
import type { MemberFacts } from '../supervise/readiness.ts';
import type { MemberSources } from '../supervise/watch-member.ts';

/** Which member. */
export interface OwnMember {
  readonly name: string;
  /** Patroni's configuration, with its passwords. */
  readonly configuration: JsonObject;
  readonly restPort: number;
  readonly postgresPort: number;
  readonly socketDirectory: string;
}

/** Patroni's words for who holds the lock, in GET /cluster. */
const LEADING = new Set(['leader', 'standby_leader']);

function roleOf({ role }: MemberReport): MemberFacts['role'] {
  if (isLeaderRole(role) || role === 'standby_leader') return 'leader';
  return role === 'replica' || role === 'uninitialized' ? role : 'other';
}

/** A connection that is opened again when it is lost, or leads elsewhere. */
class KeptConnection {
  #open: Connection | undefined;
  #target = '';

  async get(target: string, open: () => Promise<Connection>): Promise<Connection> {
    if (this.#open !== undefined && !this.#open.lost.aborted && this.#target === target) return this.#open;
    await this.close();
    this.#open = await open();
    this.#target = target;
    return this.#open;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }
}

/** Where the supervisor looks. Disposing closes what it has opened. */
export function openMemberSources(own: OwnMember): MemberSources & AsyncDisposable {
  const isTls = typeof Object(own.configuration['restapi']).certfile === 'string';
  // Its own certificate names the host, not the loopback interface.
  const access = { ...restAccessOf(own.configuration), isInsecure: true };
  const rest = openMemberRest(`${isTls ? 'https' : 'http'}://127.0.0.1:${own.restPort}`, access);
  const login = superuserOf(own.configuration);
  const leaderConnection = new KeptConnection();
  const ownConnection = new KeptConnection();
  /** Of whom this member was accepted: the marker is written once for each leader, timeline and start of the replica. */
  let acceptedOf = '';

  const readMember = async (): Promise<MemberFacts | undefined> => {
    const report = await rest.status();
    if (report === undefined) return undefined;
    const listed: readonly ListedMember[] = await rest.members().catch(() => []);
    const hasLock = listed.some(({ name, role }) => name === own.name && LEADING.has(role));
    const { state, timeline, isPaused } = report;
    return { state, role: roleOf(report), hasLock, timeline, isPaused };
  };

  const sidesWith = async (host: string, port: number): Promise<AcceptanceSides> => {
    const url = `postgres://${host.includes(':') ? `[${host}]` : host}:${port}/${login.database}`;
    const socket = { host: own.socketDirectory, port: own.postgresPort, user: login.user, database: login.database };
    const { password } = login;
    return {
      leader: await leaderConnection.get(url, () => connectToMember(url, login)),
      member: await ownConnection.get('own', () =>
        connect({ ...socket, ...(password === undefined ? {} : { password }) }),
      ),
      memberName: own.name,
    };
  };

  const lookAtReplica = async (): Promise<Looked> => {
    const listed = await rest.members();
    const leader = listed.find(({ role }) => LEADING.has(role));
    const mine = listed.find(({ name }) => name === own.name);
    if (leader?.host === undefined) return { accepted: undefined, why: 'nobody holds the lock of the leader' };
    // The leader of a standby cluster follows another cluster itself, and cannot be written to.
    if (leader.role === 'standby_leader') return followsStandbyLeader(leader, mine);
    const sides = await sidesWith(leader.host, leader.port ?? 5432);
    const key = `${leader.name} ${leader.timeline ?? 0} ${leader.host}:${leader.port ?? 0}`;
    const refusal = await (acceptedOf === key ? refusalToFollow(sides) : refusalToAccept(sides));
    acceptedOf = refusal === undefined ? key : '';
    return refusal === undefined ? { accepted: true } : { accepted: false, ...refusal };
  };

  return {
    readMember,
    lookAtReplica,
    reload: () => rest.reload(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([leaderConnection.close(), ownConnection.close()]);
    },
  };
}

function followsStandbyLeader(leader: ListedMember, mine: ListedMember | undefined): Looked {
  if (mine?.state !== 'streaming')
    return { accepted: false, why: `it does not stream: it is ${mine?.state ?? 'not listed'}` };
  if (mine.timeline === leader.timeline) return { accepted: true };
  return { accepted: false, why: `it is on timeline ${mine.timeline ?? 0}, the leader on ${leader.timeline ?? 0}` };
}
