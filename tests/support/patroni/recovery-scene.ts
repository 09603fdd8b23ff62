/**
 * A cluster with one small table, on which a test plays what operators do.
 *
 * @module
 */

import type { Ended } from '../walkback-process.ts';
import { startPatroniCluster, type PatroniClusterOptions, type PatroniTestCluster } from './patroni-cluster.ts';
import type { PatroniMember } from './patroni-member.ts';
import { archiveByHand } from './recover-by-hand.ts';
import { walkbackOn } from './recoverable-member.ts';

/** The scene. Disposing ends it. */
export class RecoveryScene implements AsyncDisposable {
  readonly cluster: PatroniTestCluster;

  private constructor(cluster: PatroniTestCluster) {
    this.cluster = cluster;
  }

  /** A cluster with an empty table `t` and a backup. `undefined`, and said so, where it cannot be had. */
  static async start(options: PatroniClusterOptions): Promise<RecoveryScene | undefined> {
    const cluster = await startPatroniCluster(options);
    if (cluster === undefined) return undefined;
    const scene = new RecoveryScene(cluster);
    const leader = await cluster.leader();
    await leader.sql('CREATE TABLE t (i int)');
    await scene.run(leader, ['backup', 'take']);
    return scene;
  }

  /** Runs walkback on a member's host. @throws with all that was said if it fails. */
  async run(member: PatroniMember, args: readonly string[]): Promise<Ended> {
    const end = await walkbackOn(this.cluster, member, args);
    if (end.code === 0) return end;
    const tails = await this.cluster.logTails();
    throw new Error(`walkback ${args.join(' ')} ended with ${end.code}:\n${end.out}\n${end.err}\n${tails}`);
  }

  /** One transaction whose WAL is in the archive then. @returns its id. */
  async transaction(member: PatroniMember, text: string): Promise<string> {
    const client = await member.connect();
    try {
      await client.query('BEGIN');
      await client.query(text);
      const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');
      await client.query('COMMIT');
      await archiveByHand(member);
      return rows[0]?.xid ?? '';
    } finally {
      await client.end();
    }
  }

  /** Recovers to just before a transaction. @returns the id of the recovery. */
  async recoverBefore(member: PatroniMember, xid: string, ...others: readonly string[]): Promise<string> {
    const { out } = await this.run(member, ['recover', 'run', '--before-xid', xid, '--yes', '--json', ...others]);
    const answer: unknown = JSON.parse(out);
    const id = typeof answer === 'object' && answer !== null && 'id' in answer ? answer.id : undefined;
    if (typeof id !== 'string') throw new Error(`there is no id: ${out}`);
    return id;
  }

  /** The rows of each member that is asked, once they are well; and the leader's timeline. */
  async look(
    members: readonly PatroniMember[] = this.cluster.members,
  ): Promise<{ rows: number[][]; timeline: number }> {
    const leader = await this.cluster.untilHealthy(members, 180_000);
    await leader.sql('SELECT pg_logical_emit_message(true, $$test$$, $$looked at$$)');
    await untilReplayed(leader, members);
    const rows = members.map(async (member) =>
      (await member.sql<{ i: number }>('SELECT i FROM t ORDER BY i')).map(({ i }) => i),
    );
    const [own] = await leader.sql<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS name');
    return { rows: await Promise.all(rows), timeline: Number.parseInt(own?.name.slice(0, 8) ?? '', 16) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

async function untilReplayed(leader: PatroniMember, members: readonly PatroniMember[]): Promise<void> {
  const [row] = await leader.sql<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  for (const member of members.filter((one) => one !== leader)) {
    for (let triesLeft = 600; triesLeft > 0; triesLeft -= 1) {
      const [found] = await member.sql<{ done: boolean }>(`SELECT pg_last_wal_replay_lsn() >= '${row?.lsn}' AS done`);
      if (found?.done === true) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
