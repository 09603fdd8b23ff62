/**
 * What agents do when Patroni fails over: with a real cluster, and an agent beside each member.
 */

import { describe, expect, it } from 'vitest';

import { listBackups } from '../../src/backup/list.ts';
import { openStore } from '../../src/storage/open.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { until } from '../support/archived-cluster.ts';
import { startPatroniCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';

const SLOWLY_MS = 240_000;
const BEGUN = /backup begun/;
const TAKEN = /backup base_\w+: /;
const HAS_LEASE = /this agent takes backups, heals and prunes/;

const linesOf = ({ lines }: AgentProcess, what: RegExp) => lines.filter((line) => what.test(line));

/** More WAL than a backup is taken after. */
async function writeMuch(member: PatroniMember): Promise<void> {
  await member.sql("SELECT pg_logical_emit_message(false, 'load', repeat('x', 1000000)) FROM generate_series(1, 18)");
}

describe('agents of a cluster that fails over', { timeout: 1_200_000 }, () => {
  it('go by who leads: the new leader’s archives, backs up and prunes, and the old one’s keeps nothing', async ({
    skip,
  }) => {
    const environment = { WALKBACK_BACKUP_AFTER_WAL: '16MB', WALKBACK_KEEP_FULL: '1' };
    await using cluster = await startPatroniCluster({ members: 2, environment, hasAgents: true });
    if (cluster === undefined) return skip();
    const store = await openStore({ kind: 'file', path: cluster.archive });
    const old = await cluster.leader();
    const [next] = await cluster.replicas();
    if (next === undefined) throw new Error('there is no replica');
    const [oldAgent, nextAgent] = [old.startAgent(), next.startAgent()];
    await oldAgent.says(TAKEN, SLOWLY_MS);
    await nextAgent.says(/the server is not a running primary/, SLOWLY_MS);

    // The host of the leader stands still: its server is dead, and its agent cannot even be seen to be gone.
    process.kill(oldAgent.processId, 'SIGSTOP');
    await old.killPatroni();
    await old.killPostgres();
    await until('the other one leads', async () => (await cluster.leaderNow()) === next, SLOWLY_MS);
    await nextAgent.says(/the agent on .* takes backups, heals and prunes; this one pushes/, SLOWLY_MS);
    await writeMuch(next);
    const archived = async () => (await Array.fromAsync(store.list('wal_005/00000002'))).length > 1;
    await until('timeline 2 is archived, whoever has the lease', archived, SLOWLY_MS);
    await nextAgent.says(HAS_LEASE, SLOWLY_MS);
    await nextAgent.says(TAKEN, SLOWLY_MS);
    await nextAgent.says(/pruned 1 backup/, SLOWLY_MS);
    const backups = await listBackups(store);
    expect(backups.map(({ timeline }) => timeline)).toEqual([2]);

    // It comes back, still believing that it has the lease.
    const before = oldAgent.lines.length;
    process.kill(oldAgent.processId, 'SIGCONT');
    old.start();
    await cluster.untilHealthy(cluster.members, SLOWLY_MS);
    expect(await cluster.leader()).toBe(next);
    await until(
      'its agent knows',
      async () =>
        oldAgent.lines
          .slice(before)
          .some((line) => /the server is not a running primary|takes backups, heals and prunes; this one/.test(line)),
      SLOWLY_MS,
    );
    await writeMuch(next);
    await until('there is another backup', async () => linesOf(nextAgent, TAKEN).length === 2, SLOWLY_MS);
    expect(linesOf(oldAgent, BEGUN)).toHaveLength(1);
    expect(linesOf(oldAgent, HAS_LEASE)).toHaveLength(1);
    await store.close();
  });

  it('go over to another leader at once when it is switched', async ({ skip }) => {
    const environment = { WALKBACK_BACKUP_AFTER_WAL: '16MB', WALKBACK_KEEP_FULL: '1' };
    await using cluster = await startPatroniCluster({ members: 2, environment, hasAgents: true });
    if (cluster === undefined) return skip();
    const old = await cluster.leader();
    const [next] = await cluster.replicas();
    if (next === undefined) throw new Error('there is no replica');
    await old.startAgent().says(TAKEN, SLOWLY_MS);
    const body = JSON.stringify({ leader: old.name, candidate: next.name });
    const switched = await old.request('/switchover', { method: 'POST', body });
    expect(switched.status, await switched.text()).toBe(200);
    const sinceMs = Date.now();
    await next.startAgent().says(HAS_LEASE, SLOWLY_MS);
    // The old one has given it up: its term, ninety seconds, is not waited for.
    expect(Date.now() - sinceMs).toBeLessThan(85_000);
    await old.startAgent().says(/the server is not a running primary/, SLOWLY_MS);
    expect(await cluster.untilHealthy(cluster.members, SLOWLY_MS)).toBe(next);
    await writeMuch(next);
    await next.startAgent().says(TAKEN, SLOWLY_MS);
    await next.startAgent().says(/pruned 1 backup/, SLOWLY_MS);
  });
});
