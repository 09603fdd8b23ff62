/**
 * The proof that a replica follows the leader, on the leader's history.
 *
 * Patroni's own word is not enough. A replica that has read past the point where a recovery left the old history is
 * called running and without lag, answers 200 on `/replica` and `/readiness`, and serves the rows that the recovery has
 * removed; if the leader dies it is promoted, and the recovery is undone. Nobody repairs it. So PostgreSQL is asked on both
 * sides, and the replica must show something that has been written since.
 *
 * What is written is a replication origin that nothing uses: one row of a shared catalog, seen from every database, for which
 * no event trigger fires. It is removed again.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { sqlStateOf, type Connection, type Row } from '../instance/connection.ts';

/** The two servers. */
export interface AcceptanceSides {
  /** A connection to the leader, as superuser. */
  readonly leader: Connection;
  /** One to the replica, as superuser. */
  readonly member: Connection;
  /** The replica's name in Patroni, by which it introduces itself to the leader. */
  readonly memberName: string;
  /** It is set to stream from another replica (tag `replicatefrom`): the leader does not know it then. */
  readonly isCascaded?: boolean;
}

const MARKER = 'walkback_marker_';
/** So long the replica may take to replay the marker. */
const MARKER_MS = 10_000;
const POLL_MS = 100;
/** A marker is left behind by who was killed meanwhile; nobody waits for one of that age. */
const STALE_MS = 600_000;

const MEMBER_QUERY = `
  SELECT (SELECT system_identifier FROM pg_control_system())::text AS system,
         pg_is_in_recovery() AS is_replica,
         r.status AS status,
         r.received_tli::text AS timeline,
         greatest(r.flushed_lsn, pg_last_wal_replay_lsn())::text AS received
  FROM (SELECT) AS one LEFT JOIN pg_stat_wal_receiver AS r ON true`;

const LEADER_QUERY = `
  SELECT (SELECT system_identifier FROM pg_control_system())::text AS system,
         CASE WHEN pg_is_in_recovery() THEN 't' ELSE 'f' END AS is_replica,
         CASE WHEN NOT pg_is_in_recovery() THEN ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int::text END AS timeline,
         CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() >= $2::pg_lsn END AS has_all,
         CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn()::text END AS position,
         (SELECT state FROM pg_stat_replication WHERE application_name = $1 ORDER BY state = 'streaming' DESC LIMIT 1) AS sends`;

function whyNot({ memberName: name, isCascaded }: AcceptanceSides, leader: Row, member: Row): string | undefined {
  if (leader['is_replica'] === 't') return 'the leader is in recovery itself';
  if (member['system'] !== leader['system'])
    return `${name} is of another cluster (system ${member['system']}, not ${leader['system']})`;
  if (member['is_replica'] !== 't') return `${name} is not in recovery: it takes writes of its own`;
  if (member['status'] === null || member['status'] === undefined)
    return `${name} does not stream: it has no WAL receiver, and shows what it has of the archive or of its own`;
  if (member['status'] !== 'streaming') return `${name} does not stream: its WAL receiver is ${member['status']}`;
  if (member['timeline'] !== leader['timeline'])
    return `${name} receives timeline ${member['timeline']}, and the leader is on ${leader['timeline']}`;
  if (leader['has_all'] !== 't')
    return `${name} has WAL to ${member['received']}, and the leader only to ${leader['position']}: it is of another history`;
  if (isCascaded !== true && leader['sends'] !== 'streaming')
    return leader['sends'] === null || leader['sends'] === undefined
      ? `the leader sends nothing to ${name}`
      : `the leader's sender for ${name} is in state ${leader['sends']}`;
  return undefined;
}

/** Why a replica is not accepted. */
export interface Refusal {
  readonly why: string;
  /** It has what the leader has not, or is of another cluster: if it led, it would undo what the leader stands for. */
  readonly mustNotLead: boolean;
}

function refusalOf(sides: AcceptanceSides, leader: Row, member: Row): Refusal | undefined {
  const why = whyNot(sides, leader, member);
  const isLeader = leader['is_replica'] !== 't';
  const mustNotLead = isLeader && (member['system'] !== leader['system'] || leader['has_all'] === 'f');
  return why === undefined ? undefined : { why, mustNotLead };
}

async function onlyRow(connection: Connection, text: string, values?: readonly string[]): Promise<Row> {
  const rows = values === undefined ? await connection.query(text) : await connection.query(text, values);
  return rows[0] ?? {};
}

/**
 * Why a replica is not proven to follow the leader, by what both servers say; `undefined` if they agree. Writes nothing:
 * for one who asks every few seconds. It finds every replica that does not stream from this leader's history.
 *
 * @throws {Failure} as a query does, if a server is lost meanwhile.
 */
export async function refusalToFollow(sides: AcceptanceSides): Promise<Refusal | undefined> {
  const { leader, member, memberName } = sides;
  // First the replica: the leader can only be further on when it is asked after it.
  const memberRow = await onlyRow(member, MEMBER_QUERY);
  const leaderRow = await onlyRow(leader, LEADER_QUERY, [memberName, memberRow['received'] ?? '0/0']);
  return refusalOf(sides, leaderRow, memberRow);
}

async function removeMarkers(leader: Connection, isMine: (name: string) => boolean): Promise<void> {
  const rows = await leader.query(`SELECT roname FROM pg_replication_origin WHERE starts_with(roname, '${MARKER}')`);
  for (const { roname } of rows) {
    if (roname === null || roname === undefined || !isMine(roname)) continue;
    await leader.query('SELECT pg_replication_origin_drop($1)', [roname]).catch((error: unknown) => {
      // Somebody else was faster.
      if (sqlStateOf(error) !== '42704') throw error;
    });
  }
}

function isStale(name: string): boolean {
  return Date.now() - Number(name.slice(MARKER.length).split('_')[0]) > STALE_MS;
}

async function sees(member: Connection, marker: string): Promise<boolean> {
  const deadline = Date.now() + MARKER_MS;
  for (;;) {
    const rows = await member.query('SELECT 1 AS one FROM pg_replication_origin WHERE roname = $1', [marker]);
    if (rows.length > 0) return true;
    if (Date.now() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/**
 * Why a replica is not accepted; `undefined` if it is: it streams from this leader, on its timeline, has nothing that the
 * leader has not, and shows what the leader has written just now.
 *
 * @throws {Failure} as a query does, if a server is lost meanwhile.
 */
export async function refusalToAccept(sides: AcceptanceSides): Promise<Refusal | undefined> {
  const refusal = await refusalToFollow(sides);
  if (refusal !== undefined) return refusal;
  const { leader, member, memberName } = sides;
  const marker = `${MARKER}${Date.now()}_${randomBytes(6).toString('hex')}`;
  // The commit does not wait for replicas: they are what is in question.
  await leader.query("SET synchronous_commit = 'local'; SET default_transaction_read_only = off");
  try {
    await leader.query('SELECT pg_replication_origin_create($1)', [marker]);
    if (await sees(member, marker)) return await refusalToFollow(sides);
    const why = `${memberName} streams, but does not show what the leader wrote ${MARKER_MS / 1000} s ago`;
    return { why, mustNotLead: false };
  } finally {
    await removeMarkers(leader, (name) => name === marker || isStale(name));
  }
}

/** As {@link refusalToAccept}, in words. */
export async function whyNotAccepted(sides: AcceptanceSides): Promise<string | undefined> {
  return (await refusalToAccept(sides))?.why;
}
