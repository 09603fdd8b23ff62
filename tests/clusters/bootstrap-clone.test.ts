import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { until } from '../support/archived-cluster.ts';
import { cloneUnderPatroni } from '../support/patroni/clone-under-patroni.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable;
let xid = 0;

beforeAll(async () => {
  live = await startRecoverable({ major: 16, settings: { track_commit_timestamp: 'on' } });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await archiveTail(live.uses);
});
afterAll(async () => live[Symbol.asyncDispose]());

describe('a cluster that Patroni bootstraps by walkback', () => {
  it('is at the target, and a second member that is started meanwhile waits and then follows', async (test) => {
    const target = ['--before-xid', String(xid)];
    const made = await cloneUnderPatroni({
      source: live.archive,
      target,
      isSameArchive: true,
      members: 2,
      patroni: '3.0',
    });
    if (made === undefined) return test.skip();
    await using clone = made;
    const [, second] = clone.cluster.members;
    await clone.start();
    await clone.untilLines(1, 0);
    if (second !== undefined) await clone.start(second);
    const leader = await clone.cluster.untilHealthy();
    expect(leader).toBe(clone.member);
    const count = 'select count(*)::int as n from orders';
    expect(await leader.sql(count)).toEqual([{ n: 100 }]);
    expect(await second?.sql(count)).toEqual([{ n: 100 }]);
    expect(await leader.log()).toMatch(/00000002\.history says "before LSN/);
    expect(await clone.start()).toContain('a server runs');
  });

  it('is at the target after everything was killed while it was made, and after it was in place', async (test) => {
    const target = ['--before-xid', String(xid)];
    const made = await cloneUnderPatroni({ source: live.archive, target, isSameArchive: false });
    if (made === undefined) return test.skip();
    await using clone = made;
    await clone.start();
    await clone.untilLines(7, 0);
    await clone.killAll();
    expect(await clone.problemsInPlace()).toEqual([]);
    const { lines } = await clone.journal();
    expect(await clone.start()).toContain('it is gone on with');
    await clone.untilLines(100, lines);
    await clone.killAll();
    expect(await clone.start()).toMatch(/its finished data wait|the cluster that was bootstrapped here is initialized/);
    const leader = await clone.cluster.leader();
    expect(await leader.sql('select count(*)::int as n from orders')).toEqual([{ n: 100 }]);
    // Patroni has completed it: the roles of the new cluster are there.
    await until('the replication role is there', async () => {
      const [role] = await leader.sql("select 1 from pg_roles where rolname = 'replicator'");
      return role !== undefined;
    });
  });
});
