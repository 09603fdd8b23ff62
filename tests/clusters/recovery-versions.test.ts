/**
 * A recovery and its undo on each line of Patroni, with each line of etcd: the pairs that the other tests do not have
 * (`patroni-acceptance.test.ts` has 3.0 with 3.5, 4.0 with 3.4 and 4.1 with 3.5).
 */

import { describe, expect, it } from 'vitest';

import { RecoveryScene } from '../support/patroni/recovery-scene.ts';

describe.each([
  ['3.0', '3.4', 'master'],
  ['4.0', '3.5', 'primary'],
  ['4.1', '3.4', 'primary'],
] as const)('a cluster of Patroni %s with etcd %s', { timeout: 900_000 }, (patroni, etcd, role) => {
  it(`whose leader is called ${role} is recovered, and comes back from it`, async ({ skip }) => {
    // In the test, so that another try begins with another cluster.
    await using scene = await RecoveryScene.start({ members: 2, patroni, etcd });
    if (scene === undefined) return skip();
    const leader = await scene.cluster.leader();
    expect((await leader.status())?.role).toBe(role);
    await scene.transaction(leader, 'INSERT INTO t VALUES (1)');
    const xid = await scene.transaction(leader, 'DELETE FROM t');
    const id = await scene.recoverBefore(leader, xid);
    expect(await scene.look()).toEqual({ rows: [[1], [1]], timeline: 2 });
    await scene.run(leader, ['undo', id, '--yes']);
    expect(await scene.look()).toEqual({ rows: [[], []], timeline: 3 });
    expect(await scene.cluster.leader()).toBe(leader);
  });
});
