/**
 * `synchronous_standby_names` set on the live server, in the file that a backup holds: whatever promotes on it and commits
 * would wait for a replica that can never come.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { checkRehearsal } from '../../../src/recovery/check-rehearsal.ts';
import { startRecoverable } from '../../../tests/support/recoverable.ts';
import { accident, before, GOOD, LATER, ordersOf } from './orders.ts';
import { askOne, recovered, rehearsed, undone } from './standing.ts';
import { within, type Trap } from './trap.ts';

const LIMIT_MS = 120_000;
const WRITES = { name: 'writes', sql: 'insert into orders values (1000) returning id = 1000 as is_written' };

/** The trap. */
export const synchronousStandby: Trap = {
  name: 'synchronous_standby_names set',
  spring: async (major) => {
    await using live = await startRecoverable({ major, settings: { synchronous_standby_names: "'nobody'" } });
    const xid = await accident(live);
    const plan = await live.plan(before(xid));
    assert.ok(
      plan.warnings.some(({ about, names }) => about === 'synchronous' && names.includes('nobody')),
      'the plan does not warn of it',
    );
    const looked = await within(
      LIMIT_MS,
      'the rehearsal',
      rehearsed(live, await live.plan(before(xid)), async ({ context, server }) => ({
        names: await askOne(server, 'show synchronous_standby_names'),
        checks: await checkRehearsal(context, { checks: [WRITES], database: 'postgres', isWritable: true }),
      })),
    );
    assert.equal(looked.names, '');
    assert.deepEqual(
      looked.checks.flatMap(({ problems }) => problems),
      [],
    );
    await within(LIMIT_MS, 'the cutover', recovered(live, plan));
    assert.equal(await ordersOf(live), GOOD);
    await within(LIMIT_MS, 'the undo', undone(live, plan));
    assert.equal(await ordersOf(live), LATER);
    return 'the plan warns; rehearsal, writing check, cutover and undo do not wait for the replica';
  },
};
