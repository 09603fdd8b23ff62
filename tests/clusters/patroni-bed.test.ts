/**
 * The test bed itself: what the tests of this folder stand on.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import { processesOf } from '../support/patroni/processes.ts';

describe('a Patroni cluster for tests', () => {
  let cluster: PatroniTestCluster | undefined;
  beforeAll(async () => {
    cluster = await startPatroniCluster();
  });
  afterAll(async () => cluster?.[Symbol.asyncDispose]());

  it('replicates, elects another leader when the leader’s host dies, and takes it back', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const first = await cluster.leader();
    await first.sql('CREATE TABLE t AS SELECT 1 AS i');
    await first.kill();
    const others = cluster.members.filter((member) => member !== first);
    const second = await cluster.untilHealthy(others);
    expect(second).not.toBe(first);
    await second.sql('INSERT INTO t VALUES (2)');
    first.start();
    await cluster.untilHealthy();
    expect(await first.sql('SELECT i FROM t ORDER BY i')).toEqual([{ i: 1 }, { i: 2 }]);
  });

  it('goes on when etcd has been away', async ({ skip }) => {
    if (cluster === undefined) return skip();
    await cluster.etcd.kill();
    await cluster.etcd.start();
    const leader = await cluster.untilHealthy();
    await leader.sql('INSERT INTO t VALUES (3)');
  });

  it('archives', async ({ skip }) => {
    if (cluster === undefined) return skip();
    const leader = await cluster.leader();
    await leader.sql('SELECT pg_switch_wal()');
    await expect
      .poll(async () => (await leader.sql('SELECT last_archived_wal AS wal FROM pg_stat_archiver'))[0]?.['wal'], {
        timeout: 30_000,
      })
      .toBeTruthy();
  });

  it('leaves nothing running', async ({ skip }) => {
    if (cluster === undefined) return skip();
    expect(processesOf(cluster.root).length).toBeGreaterThan(0);
    await cluster[Symbol.asyncDispose]();
    expect(processesOf(cluster.root)).toEqual([]);
  });
});
