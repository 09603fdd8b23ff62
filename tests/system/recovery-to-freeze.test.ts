/** The restore point that `walkback freeze` names is a target: an incident from its first minute to its end, by commands alone. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { runWalkback, type Ended } from '../support/walkback-process.ts';

let live: Recoverable;

beforeAll(async () => {
  live = await startRecoverable({ major: 16 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
});
afterAll(async () => live[Symbol.asyncDispose]());

const walkback = async (...args: string[]): Promise<Ended> =>
  runWalkback(args, {
    WALKBACK_ARCHIVE: `file://${live.archive}`,
    PGDATA: live.server.dataDirectory,
    WALKBACK_BIN_DIRECTORY: live.server.bin,
    WALKBACK_CLUSTER_NAME: 'shop',
    HOME: live.root,
    ...live.server.environment,
  });

describe('the restore point of a freeze', () => {
  it('is gone back to by its name, with everything from before it and nothing from behind, and undone', async () => {
    await live.server.sql('delete from orders where id > 90');
    const frozen = await walkback('freeze', '--reason', 'orders are missing', '--by', 'anna', '--json');
    expect(frozen.code).toBe(0);
    interface Frozen {
      readonly moment: { readonly restorePoint: string; readonly isArchived: boolean };
    }
    const { moment }: Frozen = JSON.parse(frozen.out.trim().split('\n').at(-1) ?? '');
    expect(moment.isArchived).toBe(true);
    // Somebody goes on meanwhile, and makes it worse.
    await live.server.sql('insert into orders values (1001)');
    await live.server.sql('delete from orders where id <= 90');

    const run = await walkback('recover', 'run', '--to-name', moment.restorePoint, '--yes');
    expect(`${run.code} ${run.err}`).toMatch(/^0 /);
    expect(await live.server.sql('select count(*)::int as n, max(id) as last from orders')).toEqual([
      { n: 90, last: 90 },
    ]);
    expect((await walkback('status')).out).toMatch(/frozen .*by anna: orders are missing/);

    const id = /walkback undo (\w+)/.exec(run.out)?.[1] ?? '';
    expect((await walkback('undo', id, '--yes')).out).toContain('Undone.');
    expect(await live.server.sql('select count(*)::int as n, max(id) as last from orders')).toEqual([
      { n: 1, last: 1001 },
    ]);
    expect((await walkback('unfreeze')).code).toBe(0);
  });

  it('is refused by a name that nothing has, before anything is changed', async () => {
    const run = await walkback('recover', 'run', '--to-name', 'nobody-named-this', '--yes');
    expect(run.code).not.toBe(0);
    expect(run.err).toContain('nobody-named-this');
    expect(await live.server.sql('select count(*)::int as n from orders')).toEqual([{ n: 1 }]);
  });
});
