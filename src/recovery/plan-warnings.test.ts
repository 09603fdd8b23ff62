import { describe, expect, it } from 'vitest';

import { transaction } from '../../tests/support/logged-transactions.ts';
import { withChanges, type PlanChanges } from '../../tests/support/plan-facts.ts';
import { WorkTotals } from '../history/work-totals.ts';
import { lsn } from '../postgres/lsn.ts';
import type { PlanFacts } from './facts.ts';
import { makePlan } from './plan.ts';

const aboutOf = (given: PlanFacts): string[] => makePlan(given).warnings.map(({ about }) => about);

describe('a plan warns', () => {
  it.each<[string, PlanChanges, string, RegExp]>([
    ['of replicas, by name', { live: { replicas: ['standby1'] } }, 'replicas', /standby1/],
    ['of unlogged tables', { live: { unloggedTables: ['shop.public.carts'] } }, 'unloggedTables', /carts/],
    ['of logical slots', { live: { logicalSlots: ['cdc'] } }, 'logicalSlots', /cdc/],
    ['of subscriptions', { live: { subscriptions: ['feed'] } }, 'subscriptions', /feed/],
    ['of WAL on a disk of its own', { cluster: { walFolder: '/wal' } }, 'walFolder', /\/wal/],
    ['of WAL on a mount', { cluster: { isWalMounted: true } }, 'walFolder', /mounted there.*take the mount off/],
    ['of synchronous replicas', { live: { synchronousStandbyNames: 'ANY 1 (a)' } }, 'synchronous', /ANY 1/],
    ['of a server that does not archive', { live: { archiveMode: 'off' } }, 'notArchived', /archive_mode is off/],
    [
      'of an archiver that fails',
      { live: { archiverFailure: '00A, since noon' } },
      'notArchived',
      /archiver .* fails.*00A/,
    ],
    ['of a live server that is stopped', { cluster: { state: 'stopped' } }, 'liveState', /could not be asked/],
    [
      'of a live server that has crashed',
      { cluster: { state: 'crashed' } },
      'liveState',
      /stays with the kept data alone/,
    ],
    ['of a live server that is a replica', { cluster: { isReplica: true } }, 'liveState', /not cut over to/],
    [
      'of prepared transactions',
      {
        found: {
          preparedAtTarget: [
            { xid: 5, gid: 'pay', lsn: undefined },
            { xid: 6, gid: undefined, lsn: undefined },
          ],
        },
      },
      'preparedTransactions',
      /pay.*transaction 6, prepared before/,
    ],
    [
      'of files that a transaction has changed before it commits',
      { found: { unfinishedFileChanges: [{ xid: 9, change: 'databaseDrop', oid: 77, lsn: lsn(1n) }] } },
      'target',
      /databaseDrop of 77/,
    ],
  ])('%s', (_, changes, about, text) => {
    const warning = makePlan(withChanges(changes)).warnings.find((one) => one.about === about);
    expect(`${warning?.text} ${warning?.names.join(' ')}`).toMatch(text);
  });

  it('of what was prepared behind the target, by its name', () => {
    const prepared = [transaction({ xid: 7, outcome: 'prepared', gid: 'pay' })];
    const totals = new WorkTotals(1);
    const losses = { lastKept: undefined, firstLost: undefined, count: 0, first: [], prepared, totals };
    const [warning] = makePlan({ ...withChanges({}), losses }).warnings;
    expect(warning).toMatchObject({ about: 'preparedTransactions', names: ['pay'] });
    expect(warning?.text).toMatch(/are lost/);
  });

  it('of nothing that it could not ask', () => {
    expect(aboutOf({ ...withChanges({ cluster: { state: 'stopped' } }), live: undefined })).toEqual(['liveState']);
  });
});
