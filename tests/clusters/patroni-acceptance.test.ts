/**
 * Which replicas are accepted, on real clusters; and the REST API of every Patroni.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  refusalToAccept,
  refusalToFollow,
  type AcceptanceSides,
  type Refusal,
} from '../../src/cluster/accept-member.ts';
import { connectToMember, superuserOf } from '../../src/cluster/patroni/member-connection.ts';
import { isLeaderRole } from '../../src/cluster/patroni/members.ts';
import { restAccessOf } from '../../src/cluster/patroni/rest-access.ts';
import { openMemberRest, type MemberRest } from '../../src/cluster/patroni/rest-client.ts';
import type { PatroniVersion } from '../support/patroni/install-patroni.ts';
import { PASSWORDS, REST_USER } from '../support/patroni/member-config.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import type { PatroniMember } from '../support/patroni/patroni-member.ts';
import { archiveByHand, copyByHand, recoverByHand } from '../support/patroni/recover-by-hand.ts';

const CONFIGURATION = {
  restapi: { authentication: REST_USER },
  postgresql: { authentication: { superuser: { username: 'postgres', password: PASSWORDS.postgres } } },
};

const restOf = (member: PatroniMember): MemberRest =>
  openMemberRest(`${member.restUrl}/patroni`, restAccessOf(CONFIGURATION));

/** What `ask` answers of two members, over TCP and with a password, as from another host. */
async function refused(
  leader: PatroniMember,
  member: PatroniMember,
  ask: (sides: AcceptanceSides) => Promise<Refusal | undefined>,
): Promise<Refusal | undefined> {
  const urlOf = (one: PatroniMember): string => `postgres://127.0.0.1:${one.postgresPort}/postgres`;
  await using one = await connectToMember(urlOf(leader), superuserOf(CONFIGURATION));
  await using other = await connectToMember(urlOf(member), superuserOf(CONFIGURATION));
  return await ask({ leader: one, member: other, memberName: member.name });
}

async function asked(leader: PatroniMember, member: PatroniMember, ask = refusalToAccept): Promise<string | undefined> {
  return (await refused(leader, member, ask))?.why;
}

const VERSIONS: readonly PatroniVersion[] = ['3.0', '4.0', '4.1'];

describe.each(VERSIONS)('the members of a cluster of Patroni %s', (patroni) => {
  let cluster: PatroniTestCluster | undefined;
  beforeAll(async () => {
    cluster = await startPatroniCluster({ members: 2, patroni, etcd: patroni === '4.0' ? '3.4' : '3.5' });
  });
  afterAll(async () => cluster?.[Symbol.asyncDispose]());

  it('are accepted while they stream, and leave no marker', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.untilHealthy();
    for (const replica of await cluster.replicas()) expect(await asked(leader, replica)).toBeUndefined();
    expect(await leader.sql('SELECT roname FROM pg_replication_origin')).toEqual([]);
    expect(await asked(leader, leader)).toContain('not in recovery');
  });

  it('say who leads and who follows by their API, and change only for who has its password', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    const [replica] = await cluster.replicas();
    if (replica === undefined) throw new Error('there is no replica');
    const rest = restOf(leader);
    const report = await rest.status();
    expect(report).toMatchObject({ state: 'running', timeline: 1, scope: 'shop', isPaused: false });
    expect(report?.version).toMatch(new RegExp(`^${patroni.replace('.', '[.]')}`));
    expect(isLeaderRole(report?.role ?? '')).toBe(true);
    expect(await restOf(replica).status()).toMatchObject({ role: 'replica' });
    expect(await rest.members()).toMatchObject([
      { name: leader.name, role: 'leader', port: leader.postgresPort },
      { name: replica.name, role: 'replica' },
    ]);
    await expect(openMemberRest(leader.restUrl, restAccessOf({})).restart()).rejects.toMatchObject({ kind: 'denied' });
  });

  it('pause and go on, restart, are copied anew and change places by their API', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    const [replica] = await cluster.replicas();
    if (replica === undefined) throw new Error('there is no replica');
    const rest = restOf(leader);
    await rest.patchConfig({ pause: true });
    await expect.poll(async () => (await restOf(replica).status())?.isPaused, { timeout: 30_000 }).toBe(true);
    expect(await rest.patchConfig({ pause: null })).not.toHaveProperty('pause');
    expect(await rest.config()).toMatchObject({ ttl: 20 });
    await restOf(replica).restart();
    const born = 'SELECT pg_postmaster_start_time()::text AS born';
    const before = await replica.sql(born);
    await restOf(replica).reinitialize(true);
    const isAnother = async (): Promise<boolean> =>
      JSON.stringify(await replica.sql(born).catch(() => before)) !== JSON.stringify(before);
    await expect.poll(isAnother, { timeout: 60_000 }).toBe(true);
    await cluster.untilHealthy();
    await rest.switchover({ leader: leader.name, candidate: replica.name });
    expect(await cluster.untilHealthy()).toBe(replica);
    await expect(restOf(replica).switchover({ leader: leader.name })).rejects.toMatchObject({ kind: 'failed' });
    expect(await asked(replica, leader)).toBeUndefined();
  });
});

describe('a replica that has read past the end of the history that a recovery has left', { timeout: 600_000 }, () => {
  it('is called healthy by Patroni, serves what is removed, and is not accepted until it is copied anew', async ({
    skip,
  }) => {
    // In the test, so that another try begins with another cluster.
    const dynamic = { postgresql: { use_pg_rewind: false } };
    await using cluster = await startPatroniCluster({ members: 2, dynamic, overrides: { tags: {} } });
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    const [replica] = await cluster.replicas();
    if (replica === undefined) throw new Error('there is no replica');
    const copy = await copyByHand(leader);
    await leader.sql('CREATE TABLE t AS SELECT 1 AS i');
    await leader.sql("SELECT pg_create_restore_point('before')");
    await leader.sql('INSERT INTO t VALUES (2)');
    await archiveByHand(leader);
    await expect.poll(async () => replica.sql('SELECT i FROM t ORDER BY i'), { timeout: 30_000 }).toHaveLength(2);
    // Nobody takes the lead meanwhile.
    await restOf(leader).patchConfig({ pause: true });
    await expect.poll(async () => (await restOf(replica).status())?.isPaused, { timeout: 30_000 }).toBe(true);
    await leader.kill();
    await recoverByHand(leader, copy, 'before');
    leader.start();
    await expect
      .poll(
        async () =>
          restOf(leader)
            .restart()
            .catch(() => 'not yet'),
        { timeout: 60_000 },
      )
      .toBeUndefined();
    await restOf(leader).patchConfig({ pause: null });
    expect(await cluster.leader()).toBe(leader);
    expect(await leader.sql('SELECT i FROM t')).toEqual([{ i: 1 }]);

    // The trap: Patroni says that all is well.
    expect(await replica.sql('SELECT i FROM t ORDER BY i')).toEqual([{ i: 1 }, { i: 2 }]);
    expect((await replica.request('/replica')).status).toBe(200);
    expect((await replica.request('/health')).status).toBe(200);
    expect(await asked(leader, replica, refusalToFollow)).toMatch(/does not stream|another history/);
    expect(await asked(leader, replica)).toMatch(/does not stream|another history/);

    await restOf(replica).reinitialize(true);
    await cluster.untilHealthy();
    await expect.poll(async () => asked(leader, replica), { timeout: 60_000 }).toBeUndefined();
    expect(await replica.sql('SELECT i FROM t')).toEqual([{ i: 1 }]);
  });
});
