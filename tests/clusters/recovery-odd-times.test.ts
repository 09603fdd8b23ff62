/**
 * Recoveries that are asked for when the cluster is not at rest.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { walkbackOn } from '../support/patroni/recoverable-member.ts';
import { RecoveryScene } from '../support/patroni/recovery-scene.ts';

describe('a cluster', { timeout: 600_000 }, () => {
  let scene: RecoveryScene | undefined;
  beforeAll(async () => {
    scene = await RecoveryScene.start({ members: 2 });
  });
  afterAll(async () => scene?.[Symbol.asyncDispose]());

  it('with a switchover under way, or planned, is not cut over, and is as it was', async ({ skip }) => {
    if (scene === undefined) return skip();
    const leader = await scene.cluster.leader();
    const [replica] = await scene.cluster.replicas();
    if (replica === undefined) throw new Error('there is no replica');
    await scene.transaction(leader, 'INSERT INTO t VALUES (1)');
    const xid = await scene.transaction(leader, 'DELETE FROM t');
    const { cluster } = scene;
    const run = async () => walkbackOn(cluster, leader, ['recover', 'run', '--before-xid', xid, '--yes']);

    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const body = (more: Record<string, string>) => ({
      method: 'POST',
      body: JSON.stringify({ leader: leader.name, candidate: replica.name, ...more }),
    });
    await leader.request('/switchover', body({ scheduled_at: inAnHour }));
    const planned = await run();
    expect(planned.err).toContain('switchover');
    expect(planned.code).not.toBe(0);
    expect((await leader.request('/switchover', { method: 'DELETE' })).status).toBe(200);
    expect(await scene.look()).toMatchObject({ rows: [[], []], timeline: 1 });

    // Whichever comes first: the recovery either does not touch a leader that is about to go, or is done before.
    const [switched, ran] = await Promise.all([leader.request('/switchover', body({})), run()]);
    const after = await scene.look();
    if (ran.code === 0) expect(after.rows).toEqual([[1], [1]]);
    else {
      expect(switched.status).toBe(200);
      expect(after.rows).toEqual([[], []]);
      expect(await scene.cluster.leader()).toBe(replica);
      expect((await replica.status())?.pause ?? false).toBe(false);
    }
  });

  it('without a leader in the DCS is recovered on the host of its data, and stays paused if it was', async ({
    skip,
  }) => {
    if (scene === undefined) return skip();
    const leader = await scene.cluster.untilHealthy();
    await scene.transaction(leader, 'INSERT INTO t VALUES (2)');
    const before = await scene.look();
    const xid = await scene.transaction(leader, 'TRUNCATE t');
    const pause = (value: boolean | null) =>
      leader.request('/config', { method: 'PATCH', body: JSON.stringify({ pause: value }) });
    await pause(true);
    await expect.poll(async () => (await leader.status())?.pause, { timeout: 30_000 }).toBe(true);
    await leader.kill();
    const [replica] = scene.cluster.members.filter((member) => member !== leader);
    await expect
      .poll(async () => (await replica?.request('/cluster'))?.text(), { timeout: 60_000 })
      .not.toContain('"leader"');
    leader.start();
    await expect.poll(async () => (await leader.status())?.state, { timeout: 60_000 }).toBeDefined();

    await scene.recoverBefore(leader, xid);
    const after = await scene.look();
    expect(after.rows).toEqual(before.rows);
    expect(after.timeline).toBeGreaterThan(before.timeline);
    expect(await scene.cluster.leader()).toBe(leader);
    expect((await leader.status())?.pause).toBe(true);
    await pause(null);
    expect(await scene.look()).toMatchObject({ rows: before.rows });
  });
});
