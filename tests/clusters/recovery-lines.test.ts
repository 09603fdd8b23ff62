/**
 * Recoveries after recoveries, on one real cluster: each by choosing the right line of history.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RecoveryScene } from '../support/patroni/recovery-scene.ts';

// Each recovery stops and starts Patroni, takes a backup and proves every replica: on a busy machine that takes minutes.
describe('a cluster that is recovered', { timeout: 600_000 }, () => {
  let scene: RecoveryScene | undefined;
  let [early, second] = ['', ''];
  beforeAll(async () => {
    scene = await RecoveryScene.start({ members: 2 });
  });
  afterAll(async () => scene?.[Symbol.asyncDispose]());

  it('is on a new line', async ({ skip }) => {
    if (scene === undefined) return skip();
    const leader = await scene.cluster.leader();
    await scene.transaction(leader, 'INSERT INTO t VALUES (1)');
    early = await scene.transaction(leader, 'INSERT INTO t VALUES (2)');
    const xid = await scene.transaction(leader, 'DELETE FROM t');
    await scene.recoverBefore(leader, xid);
    expect(await scene.look()).toEqual({
      rows: [
        [1, 2],
        [1, 2],
      ],
      timeline: 2,
    });
  });

  it('is recovered a second time, to a transaction of its new line', async ({ skip }) => {
    if (scene === undefined) return skip();
    const leader = await scene.cluster.leader();
    await scene.transaction(leader, 'INSERT INTO t VALUES (3)');
    second = await scene.transaction(leader, 'TRUNCATE t');
    await scene.recoverBefore(leader, second);
    expect(await scene.look()).toEqual({
      rows: [
        [1, 2, 3],
        [1, 2, 3],
      ],
      timeline: 3,
    });
  });

  it('is recovered to before both recoveries', async ({ skip }) => {
    if (scene === undefined) return skip();
    const leader = await scene.cluster.leader();
    await scene.recoverBefore(leader, early);
    expect(await scene.look()).toEqual({ rows: [[1], [1]], timeline: 4 });
  });

  it('is recovered to a moment on a line that was abandoned, which the plan draws', async ({ skip }) => {
    if (scene === undefined) return skip();
    const leader = await scene.cluster.leader();
    const { out } = await scene.run(leader, ['recover', 'plan', '--before-xid', second, '--timeline', '2']);
    expect(out).toMatch(/timeline\D+2/i);
    const id = /recover run (\w+)/.exec(out)?.[1] ?? '';
    await scene.run(leader, ['recover', 'run', id, '--yes']);
    expect(await scene.look()).toEqual({
      rows: [
        [1, 2, 3],
        [1, 2, 3],
      ],
      timeline: 5,
    });
    await scene.run(leader, ['undo', id, '--yes']);
    expect(await scene.look()).toEqual({ rows: [[1], [1]], timeline: 6 });
  });
});
