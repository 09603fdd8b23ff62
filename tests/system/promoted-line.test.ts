/** What follows the line of a server that was promoted a moment ago, and has made no checkpoint since. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { controlFileOf } from '../../src/instance/control-file-of.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { discard, openRecovery, rehearse } from '../../src/recovery/recover.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { runWalkback } from '../support/walkback-process.ts';

let live: Recoverable;

beforeAll(async () => {
  live = await startRecoverable({ major: 17, settings: { checkpoint_timeout: '1h', max_wal_size: "'1GB'" } });
  const { server } = live;
  await server.sql('create table orders (id int, note text)');
  // Replayed, its pages have to be written by the first checkpoint of the new timeline, which takes its time.
  await server.sql("insert into orders select i, repeat('x', 500) from generate_series(1, 20000) i");
  await archiveTail(live.uses);
  await server.stop('immediate');
  await writeFile(join(server.dataDirectory, 'standby.signal'), '');
  await server.start();
  await server.sql('select pg_promote()');
  await server.sql("insert into orders values (0, 'on the new line')");
  await archiveTail(live.uses);
}, 120_000);
afterAll(async () => live[Symbol.asyncDispose]());

describe('a server that was promoted a moment ago', () => {
  it('is planned for, and rehearsed, on its new timeline', async () => {
    const plan = await live.plan({ kind: 'latest' });
    expect(plan.target).toMatchObject({ timeline: 2, lineTimeline: 2 });
    expect(plan.preconditions.liveTimeline).toBe(2);
    await using recovery = await openRecovery(live.uses, plan.id);
    await rehearse(recovery.context);
    await discard(recovery.context);
  });

  it('has what it has done since in its log', async () => {
    const environment = { WALKBACK_ARCHIVE: live.archive, PGDATA: live.server.dataDirectory };
    const { out } = await runWalkback(['log', '--json'], environment);
    const { timeline, transactions } = JSON.parse(out);
    expect(timeline).toBe(2);
    expect(transactions.at(-1)).toMatchObject({ timeline: 2, changes: [{ table: 'orders', inserted: 1 }] });
  });

  it('has made no checkpoint of its own all the while', async () => {
    expect(await controlFileOf(live.server.dataDirectory)).toMatchObject({ timeline: 1, minRecoveryTimeline: 2 });
  });
});
