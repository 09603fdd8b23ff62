import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { lsn } from '../../postgres/lsn.ts';
import type { SegmentIndex, XidWork } from '../../wal-index/segment-index.ts';
import { NameBook } from '../names/name-book.ts';
import type { LoggedTransaction } from './logged-transaction.ts';
import { readTransactions } from './read-transactions.ts';
import {
  assigned,
  at,
  checkpoint,
  ended,
  prepared,
  rows,
  running,
  segment,
  segments,
  work,
} from './testing/hand-made-index.ts';

const LINE = { timeline: 1, ancestors: [] };
const TABLE = 20_000;

async function read(all: readonly SegmentIndex[]) {
  const scan = readTransactions({ indexes: segments(all), names: new NameBook(), line: LINE });
  const list = await Array.fromAsync(scan);
  return { list, scan };
}

const counts = ({ changes }: LoggedTransaction) =>
  changes.map(({ inserted, updated, deleted }) => [inserted, updated, deleted]);

describe('the list of transactions', () => {
  it('adds up what a transaction and its committed children did, in several segments', async () => {
    const { list } = await read([
      segment(1, [], [work(10, at(1, 40), [rows(TABLE, { inserted: 3 })])]),
      segment(2, [], [work(11, at(2, 40), [rows(TABLE, { deleted: 1 })])]),
      segment(
        3,
        [ended('commit', 10, at(3, 90), { subxids: [11] })],
        [work(10, at(3, 40), [rows(TABLE, { updated: 2 })])],
      ),
    ]);
    expect(list).toMatchObject([{ xid: 10, subxids: [11], outcome: 'commit', firstLsn: at(1, 40), walBytes: 300 }]);
    expect(list.map(counts)).toEqual([[[3, 2, 1]]]);
  });

  it('neither lists nor counts subtransactions that were rolled back and are known as such', async () => {
    const { list } = await read([
      segment(
        1,
        [
          assigned(10, at(1, 60), [11, 12]),
          ended('abort', 11, at(1, 70), { subxids: [12] }),
          ended('commit', 10, at(1, 90)),
        ],
        [10, 11, 12].map((xid) => work(xid, at(1, 40), [rows(TABLE, { inserted: 1 })])),
      ),
    ]);
    expect(list.map(({ xid }) => xid)).toEqual([10]);
    expect(list.map(counts)).toEqual([[[1, 0, 0]]]);
  });

  it('says of a rollback that it may be a subtransaction’s where nothing tells', async () => {
    const all = [running(at(1, 50), [20], 30), ended('abort', 20, at(1, 60)), ended('abort', 31, at(1, 70))];
    const { list } = await read([segment(1, all)]);
    expect(list.map(({ xid, isTopKnown }) => [xid, isTopKnown])).toEqual([
      [20, true],
      [31, false],
    ]);
  });

  it('ends where it is asked to, with those that are prepared there, and tells when one that has ended was prepared', async () => {
    const all = [
      segment(1, [
        prepared(10, at(1, 60), 'one'),
        prepared(20, at(1, 70), 'two'),
        ended('commitPrepared', 20, at(1, 80)),
      ]),
      segment(2, [ended('commitPrepared', 10, at(2, 90))]),
    ];
    const scan = readTransactions({
      indexes: segments(all),
      names: new NameBook(),
      line: LINE,
      isBehind: ({ timeUs }) => timeUs >= at(1, 80),
    });
    const list = await Array.fromAsync(scan);
    expect(list.map(({ xid, outcome }) => [xid, outcome])).toEqual([
      [20, 'commitPrepared'],
      [10, 'prepared'],
    ]);
    expect(list[0]?.preparation).toEqual({ timeUs: at(1, 70), endLsn: at(1, 78) });
    expect(scan.end).toEqual({ kind: 'reached' });
  });

  it('follows prepared transactions over a stop, names them by their PREPARE, and ends with those that are left', async () => {
    const { list } = await read([
      segment(
        1,
        [prepared(10, at(1, 60), 'one', [11]), prepared(20, at(1, 70), 'two'), checkpoint(at(1, 80), true, 30)],
        [10, 11, 20].map((xid) => work(xid, at(1, 40), [rows(TABLE, { inserted: 1 })])),
      ),
      segment(2, [running(at(2, 50), [20, 10], 30), ended('commitPrepared', 10, at(2, 60), { subxids: [11] })]),
    ]);
    expect(list).toMatchObject([
      { xid: 10, outcome: 'commitPrepared', gid: 'one', preparedLsn: at(1, 60), lsn: at(2, 60), databaseOid: 5 },
      { xid: 20, outcome: 'prepared', gid: 'two', lsn: at(1, 70) },
    ]);
    expect(list.map(counts)).toEqual([[[2, 0, 0]], [[1, 0, 0]]]);
  });

  it('forgets who ran when the server stopped, so that a number that comes again does not inherit', async () => {
    const { list, scan } = await read([
      segment(1, [checkpoint(at(1, 80), true, 30)], [work(10, at(1, 40), [rows(TABLE, { inserted: 5 })])]),
      segment(2, [ended('commit', 10, at(2, 60))], [work(10, at(2, 40), [rows(TABLE, { inserted: 1 })])]),
    ]);
    expect(list.map(counts)).toEqual([[[1, 0, 0]]]);
    expect(scan.openCount).toBe(0);
  });

  it('keeps who began behind a stop in the same segment, and drops who a list of running ones does not know', async () => {
    const { list, scan } = await read([
      segment(
        1,
        [checkpoint(at(1, 80), true, 30), running(at(1, 200), [40], 45), ended('commit', 40, at(1, 300))],
        [work(35, at(1, 90), [rows(TABLE, { inserted: 7 })]), work(40, at(1, 100), [rows(TABLE, { inserted: 2 })])],
      ),
    ]);
    expect(list.map(counts)).toEqual([[[2, 0, 0]]]);
    expect(scan.openCount).toBe(0);
  });

  it('marks what may have begun before the first segment, and nothing else', async () => {
    const { list } = await read([
      segment(1, [
        ended('commit', 10, at(1, 50)),
        running(at(1, 60), [12], 20),
        ended('commit', 12, at(1, 70)),
        ended('commit', 20, at(1, 80)),
      ]),
    ]);
    expect(list.map(({ xid, isIncomplete }) => [xid, isIncomplete])).toEqual([
      [10, true],
      [12, true],
      [20, false],
    ]);
    const first = { lsn: segment(1, []).startLsn, previousLsn: lsn(0n) };
    const fromTheBeginning = await read([segment(1, [ended('commit', 10, at(1, 50))], [], { first })]);
    expect(fromTheBeginning.list).toMatchObject([{ isIncomplete: false }]);
  });

  it('does not believe a checkpoint that began before the first segment', async () => {
    const old = { ...checkpoint(at(1, 60), false, 10), redoLsn: lsn(0n) };
    const { list } = await read([segment(1, [old, ended('commit', 10, at(1, 80))])]);
    expect(list).toMatchObject([{ isIncomplete: true }]);
  });

  it('orders numbers that go round', async () => {
    const { list } = await read([
      segment(1, [
        running(at(1, 50), [0xffff_fff0], 5),
        ended('commit', 0xffff_fff0, at(1, 60)),
        ended('commit', 6, at(1, 70)),
      ]),
    ]);
    expect(list.map(({ isIncomplete }) => isIncomplete)).toEqual([true, false]);
  });

  it('stops where a segment does not follow the one before, and says so', async () => {
    const stray = { first: { lsn: segment(2, []).startLsn, previousLsn: segment(1, []).startLsn } };
    const { list, scan } = await read([
      segment(1, [ended('commit', 10, at(1, 50))]),
      segment(2, [ended('commit', 11, at(2, 50))], [], stray),
    ]);
    expect(list.map(({ xid }) => xid)).toEqual([10]);
    expect(scan.end).toMatchObject({ kind: 'damage', stop: { fileName: 'segment 2', kind: 'damaged' } });
  });

  it('holds nothing of 20,000 transactions that ended', async () => {
    const open: number[] = [];
    function* many(): Generator<SegmentIndex> {
      for (let n = 1; n <= 200; n += 1) {
        const xids = Array.from({ length: 100 }, (_, one) => n * 100 + one);
        const done = xids.map((xid) => work(xid, at(n, 40), [rows(TABLE + xid, { deleted: 1_000_000 })]));
        yield segment(
          n,
          xids.map((xid) => ended('commit', xid, at(n, 90))),
          done,
        );
      }
    }
    const scan = readTransactions({ indexes: segments(many()), names: new NameBook(), line: LINE });
    let deleted = 0;
    for await (const { changes } of scan) {
      deleted += changes[0]?.deleted ?? 0;
      open.push(scan.openCount);
    }
    expect(deleted).toBe(20_000 * 1_000_000);
    expect(Math.max(...open)).toBeLessThan(100);
  });
});

/** One step of a random history. */
interface Step {
  readonly family: number;
  readonly child: number;
  readonly inserted: number;
}

const step = fc.record({ family: fc.nat(5), child: fc.nat(3), inserted: fc.integer({ min: 1, max: 9 }) });
const fate = fc.record({ isCommitted: fc.boolean(), keptChildren: fc.subarray([1, 2, 3]) });

describe('random families, interleaved over segments of any length', () => {
  it('are each listed once, with the rows of what stayed', async () => {
    const history = fc.record({
      steps: fc.array(step, { maxLength: 60 }),
      fates: fc.array(fate, { minLength: 6, maxLength: 6 }),
      perSegment: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ steps, fates, perSegment }) => {
        const { list, scan } = await read(historySegments(steps, fates, perSegment));
        const found = new Map(
          list.map((one) => [one.xid, one.changes.reduce((sum, { inserted }) => sum + inserted, 0)]),
        );
        for (const [family, { isCommitted, keptChildren }] of fates.entries()) {
          const kept = steps.filter(
            (one) => one.family === family && (one.child === 0 || keptChildren.includes(one.child)),
          );
          const rowCount = kept.reduce((sum, { inserted }) => sum + inserted, 0);
          if (isCommitted) expect(found.get(topOf(family))).toBe(rowCount);
          else expect(list.find(({ xid }) => xid === topOf(family))?.outcome).toBe('abort');
        }
        expect(list.filter(({ outcome }) => outcome === 'commit')).toHaveLength(
          fates.filter((one) => one.isCommitted).length,
        );
        expect(scan.openCount).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

const topOf = (family: number): number => 100 + family * 10;

/** All steps, then how the children of each family ended, then the families. */
function historySegments(
  steps: readonly Step[],
  fates: readonly { readonly isCommitted: boolean; readonly keptChildren: readonly number[] }[],
  perSegment: number,
): SegmentIndex[] {
  const all: SegmentIndex[] = [];
  for (let n = 1; (n - 1) * perSegment < steps.length; n += 1) {
    const done = new Map<number, XidWork>();
    for (const { family, child, inserted } of steps.slice((n - 1) * perSegment, n * perSegment)) {
      const xid = topOf(family) + child;
      const before = done.get(xid)?.files[0]?.inserted ?? 0;
      done.set(xid, work(xid, at(n, 40), [rows(TABLE + child, { inserted: inserted + before })]));
    }
    all.push(segment(n, [], [...done.values()]));
  }
  const n = all.length + 1;
  const children = fates.flatMap(({ keptChildren }, family) =>
    [1, 2, 3]
      .filter((child) => !keptChildren.includes(child))
      .map((child) => ended('abort', topOf(family) + child, at(n, 50))),
  );
  const tops = fates.map(({ isCommitted, keptChildren }, family) =>
    ended(isCommitted ? 'commit' : 'abort', topOf(family), at(n, 60), {
      subxids: keptChildren.map((child) => topOf(family) + child),
    }),
  );
  return [...all, segment(n, [...children, ...tops])];
}
