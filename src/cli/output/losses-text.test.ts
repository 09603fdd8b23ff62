import { describe, expect, it } from 'vitest';

import { planFacts, PLANNED_US } from '../../../tests/support/plan-facts.ts';
import { screen } from '../../../tests/support/protected-cluster.ts';
import { makePlan } from '../../recovery/plan.ts';
import type {
  Plan,
  PlannedDefinition,
  PlannedLosses,
  PlannedTable,
  PlannedTransaction,
  PlannedWork,
} from '../../recovery/plan-value.ts';
import { lossesText, lossLines } from './losses-text.ts';
import { planText } from './plan-text.ts';

const table = (name: string, given: Partial<PlannedTable> = {}): PlannedTable => ({
  database: 'shop',
  schema: 'public',
  name,
  isNamed: true,
  transactions: 1,
  inserted: 0,
  updated: 0,
  deleted: 0,
  ...given,
});

const definition = (kind: string, name: string): PlannedDefinition => ({
  kind,
  database: 'shop',
  schema: 'public',
  name,
  xid: 701,
  timeUs: PLANNED_US.toString(),
});

const work = (given: Partial<PlannedWork>): PlannedWork => ({
  tables: [],
  otherTables: 0,
  definitions: [],
  otherDefinitions: 0,
  isLowerBound: false,
  ...given,
});

const losses = (given: Partial<PlannedLosses>): PlannedLosses => ({
  ...work(given),
  transactions: 1,
  first: [],
  endsAt: null,
  ...given,
});

const plan = makePlan(planFacts);
const withLosses = (given: Partial<PlannedLosses>): Plan => ({ ...plan, losses: losses(given) });

const lost = (xid: number, did: Partial<PlannedWork>): PlannedTransaction => ({
  xid,
  kind: 'commit',
  timeUs: PLANNED_US.toString(),
  lsn: '0/5100000',
  did: work(did),
});

describe('what a plan loses', () => {
  it('is told by table, with how many transactions touch it, and by definition', () => {
    const tables = [
      table('orders', { transactions: 12, inserted: 1031, updated: 4 }),
      table('Lines', { schema: 'audit', deleted: 9 }),
    ];
    expect(lossLines(withLosses({ tables, definitions: [definition('drop', 'carts')] }), screen)).toEqual([
      '3 later transactions: 12 in orders (+1,031 ~4), 1 in audit."Lines" (-9); DROP carts',
    ]);
  });

  it('names databases where there are several, and files where there is no name', () => {
    const tables = [
      table('orders', { inserted: 2 }),
      table('orders', { database: 'test', inserted: 1 }),
      table('1663/5/16400', { database: null, schema: null, isNamed: false, updated: 1 }),
    ];
    expect(lossLines(withLosses({ tables, isLowerBound: true }), screen)[0]).toMatch(
      /1 in shop.public.orders \(\+2\), 1 in test.public.orders \(\+1\), 1 in file 1663\/5\/16400 \(~1\) \(at least\)$/,
    );
  });

  it('counts the tables that are too many', () => {
    const tables = Array.from({ length: 9 }, (_, index) => table(`t${index}`, { inserted: 1 }));
    expect(lossLines(withLosses({ tables, otherTables: 5 }), screen)[0]).toMatch(/t5 \(\+1\), 8 more tables$/);
  });

  it('tells of each database that was dropped, however many definitions there are, and of the same thing once', () => {
    const definitions = [
      ...['shop', 'test', 'audit', 'stock', 'old'].map((name) => definition('dropDatabase', name)),
      ...['carts', 'jobs', 'carts'].map((name) => definition('truncate', name)),
    ];
    expect(lossLines(withLosses({ definitions, otherDefinitions: 3 }), screen)).toEqual([
      '3 later transactions: DROP DATABASE shop, DROP DATABASE test, DROP DATABASE audit, DROP DATABASE stock, DROP DATABASE old, 6 more definitions',
    ]);
    expect(lossLines(withLosses({ definitions: definitions.slice(5) }), screen)).toEqual([
      '3 later transactions: TRUNCATE carts (2 times), TRUNCATE jobs',
    ]);
  });

  it('says where it could not be counted', () => {
    expect(lossLines(withLosses({ endsAt: { lsn: '0/7000000', because: 'hole' } }), screen)).toEqual([
      '3 later transactions, none of which changed a row',
      'and what comes behind 0/7000000, not counted: WAL is missing there',
    ]);
    expect(lossLines({ ...plan, laterCommits: 0 }, screen)).toEqual(['nothing']);
  });

  it('is listed with --losses, one line a transaction', () => {
    const shown = lossesText(
      withLosses({
        transactions: 1204,
        first: [
          lost(701, { tables: [table('orders', { deleted: 48_211 })] }),
          lost(1702, { tables: [table('lines', { inserted: 3 })], isLowerBound: true }),
        ],
      }),
      screen,
    );
    expect(shown.split('\n')).toEqual([
      'Lost, 1,204 transactions that changed something:',
      '  today 08:02:11.620   701  orders -48,211',
      '  today 08:02:11.620  1702  lines +3 (at least)',
      '  and 1,202 more:',
      '    walkback log --since 2026-06-05T15:02:11.620113Z',
      '',
    ]);
  });

  it('leads to the rest on the line of history that the plan followed, where there are several', () => {
    const forked = {
      ...withLosses({ transactions: 2, first: [lost(701, { tables: [table('orders', { deleted: 1 })] })] }),
      target: { ...plan.target, timeline: 1, lineTimeline: 2 },
      timelines: [1, 2, 3].map((timeline) => ({ timeline, fork: null })),
    };
    expect(lossesText(forked, screen)).toContain('    walkback log --since 2026-06-05T15:02:11.620113Z --timeline 2\n');
  });
});

describe('the screen of a plan', () => {
  it('shows what both neighbours did, within its width', () => {
    const { lastKept, firstLost } = plan.target;
    if (lastKept === null || firstLost === null) throw new Error('the facts have both');
    const many = Array.from({ length: 9 }, (_, index) => table(`table_${index}`, { inserted: 1 }));
    const target = {
      ...plan.target,
      lastKept: { ...lastKept, did: work({ tables: [table('jobs', { updated: 1 })] }) },
      firstLost: { ...firstLost, did: work({ tables: many }) },
    };
    const lines = planText({ ...plan, target }, screen).split('\n');
    expect(lines).toContainEqual(expect.stringMatching(/last kept   700  today 08:02:11.620\d*  jobs ~1$/));
    expect(lines).toContainEqual(expect.stringMatching(/first lost  701  today 08:02:11.620\d*  table_0 \+1, .*more$/));
    for (const line of lines.slice(0, 8)) expect(line.length).toBeLessThanOrEqual(80);
  });
});
