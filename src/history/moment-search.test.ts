import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import type { EndOfTransactionKind, RecoveryTarget } from '../postgres/recovery-target.ts';
import { NO_EFFECTS, type WalEvent } from '../postgres/wal-records/wal-event.ts';
import { MomentSearch } from './moment-search.ts';
import { notesOf } from './moment-notes.ts';

const BASE_US = 1_780_671_731_000_000n;

function commit(
  position: bigint,
  xid: number,
  seconds: bigint,
  kind: EndOfTransactionKind = 'commit',
  subxids: readonly number[] = [],
): WalEvent {
  return {
    ...NO_EFFECTS,
    kind,
    lsn: lsn(position),
    endLsn: lsn(position + 8n),
    timeline: 1,
    xid,
    timeUs: BASE_US + seconds * 1_000_000n,
    subxids,
    gid: undefined,
  };
}

function search(target: RecoveryTarget, events: readonly WalEvent[]): MomentSearch {
  const found = new MomentSearch(target);
  for (const event of events) found.take(event);
  return found;
}

const toTime = (seconds: bigint, inclusive: boolean): RecoveryTarget => ({
  kind: 'time',
  timeUs: BASE_US + seconds * 1_000_000n,
  inclusive,
});

describe('a search by time', () => {
  const events = [commit(0x100n, 10, 1n), commit(0x200n, 11, 2n), commit(0x300n, 12, 2n), commit(0x400n, 13, 4n)];

  it('keeps every commit at the very time when it is inclusive, none when it is not', () => {
    const inclusive = search(toTime(2n, true), events);
    expect(inclusive.stop).toMatchObject({ side: 'before', record: { xid: 13 } });
    expect(inclusive.lastKept?.xid).toBe(12);
    expect(inclusive.lost.count).toBe(1);
    const exclusive = search(toTime(2n, false), events);
    expect(exclusive.stop).toMatchObject({ side: 'before', record: { xid: 11 } });
    expect(exclusive.lastKept?.xid).toBe(10);
    expect(exclusive.lost.count).toBe(3);
  });

  it('stops between two commits before the later one, on whichever side it is asked', () => {
    for (const inclusive of [true, false]) {
      const found = search(toTime(3n, inclusive), events);
      expect(found.stop).toMatchObject({ side: 'before', record: { xid: 13 } });
      expect(found.lastKept?.xid).toBe(12);
    }
  });

  it('does not stop behind the last commit, and stops at a rollback', () => {
    expect(search(toTime(4n, true), events).stop).toBeUndefined();
    const rolledBack = search(toTime(2n, true), [
      ...events.slice(0, 3),
      commit(0x380n, 14, 3n, 'abort'),
      ...events.slice(3),
    ]);
    expect(rolledBack.stop).toMatchObject({ record: { xid: 14 } });
    expect(rolledBack.lost.count).toBe(1);
  });

  it('says which commits are within the time and lost, where a clock went back', () => {
    const setBack = [
      commit(0x100n, 10, 100n),
      commit(0x200n, 11, 200n),
      commit(0x300n, 12, 50n),
      commit(0x400n, 13, 150n),
    ];
    const target = toTime(150n, true);
    const found = search(target, setBack);
    expect(found.stop).toMatchObject({ side: 'before', record: { xid: 11 } });
    expect(found.lostWithin).toMatchObject({ count: 2, first: { xid: 12 }, last: { xid: 13 } });
    const { stop } = found;
    const notes = stop === undefined ? [] : notesOf(target, found, stop);
    expect(notes.join(' ')).toMatch(/2 transactions, 12 .* to 13 .*--to-xid 13/);
    const inOrder = search(toTime(2n, true), events);
    expect(inOrder.lostWithin.count).toBe(0);
  });
});

describe('a search', () => {
  it('tells of records that only an extension can replay, up to where it stops', () => {
    const custom = (position: bigint, number: number): WalEvent => ({
      kind: 'position',
      lsn: lsn(position),
      endLsn: lsn(position + 8n),
      timeline: 1,
      xid: 0,
      customResourceManager: number,
    });
    const events = [
      custom(0x80n, 129),
      commit(0x100n, 10, 1n),
      custom(0x180n, 129),
      commit(0x200n, 11, 2n),
      custom(0x280n, 140),
    ];
    expect(search({ kind: 'xid', xid: 11, inclusive: true }, events).facts().customResourceManagers).toEqual([129]);
    expect(search({ kind: 'latest' }, events).facts().customResourceManagers).toEqual([129, 140]);
    const before = search({ kind: 'lsn', lsn: lsn(0x80n), inclusive: false }, events);
    expect(before.facts().customResourceManagers).toEqual([]);
  });
});

const prepared = (position: bigint, xid: number, subxids: number[] = []): WalEvent => ({
  ...NO_EFFECTS,
  kind: 'prepare',
  lsn: lsn(position),
  endLsn: lsn(position + 8n),
  timeline: 1,
  xid,
  gid: `g${xid}`,
  databaseOid: 5,
  filesDroppedByAbort: [],
  preparedAtUs: BASE_US,
  subxids,
});

const beside = (xid: number, side: 'before' | 'after'): RecoveryTarget => ({ kind: 'transaction', xid, side });

function notesFor(target: RecoveryTarget, found: MomentSearch): string {
  return found.stop === undefined ? '' : notesOf(target, found, found.stop).join('\n');
}

describe('a search for a transaction', () => {
  it('takes a subtransaction for the one around it, and says so', () => {
    const events = [commit(0x100n, 10, 1n), commit(0x200n, 11, 2n, 'commit', [12, 13]), commit(0x300n, 14, 3n)];
    for (const side of ['before', 'after'] as const) {
      const found = search(beside(13, side), events);
      expect(found.stop).toMatchObject({ side, record: { xid: 11, lsn: 0x200n } });
      expect(notesFor(beside(13, side), found)).toMatch(/13 is a subtransaction of 11 .*stops (before|after) that one/);
      expect(notesFor(beside(11, side), search(beside(11, side), events))).toBe('');
    }
  });

  it('passes over the rollback of a part when it is known what it is a part of', () => {
    const assigned: WalEvent = {
      kind: 'assignment',
      lsn: lsn(0x100n),
      endLsn: lsn(0x108n),
      timeline: 1,
      xid: 11,
      topXid: 11,
      subxids: [12, 13],
    };
    const events = [assigned, commit(0x200n, 13, 1n, 'abort'), commit(0x300n, 11, 2n, 'commit', [12])];
    expect(search(beside(13, 'before'), events).stop).toMatchObject({ record: { kind: 'commit', lsn: 0x300n } });
    expect(search(beside(13, 'before'), events.slice(1)).stop).toMatchObject({ record: { kind: 'abort' } });
  });

  it('stops before the PREPARE of one that was prepared, with what committed since lost', () => {
    const events = [
      commit(0x100n, 10, 1n),
      prepared(0x180n, 11, [12]),
      commit(0x200n, 20, 2n),
      prepared(0x240n, 30),
      commit(0x280n, 30, 5n, 'commitPrepared'),
      commit(0x300n, 11, 5n, 'commitPrepared'),
    ];
    const found = search(beside(11, 'before'), events);
    expect(found.stop).toMatchObject({ side: 'before', record: { kind: 'prepare', lsn: 0x180n } });
    expect(found.lastKept?.xid).toBe(10);
    expect(found.lost).toMatchObject({ count: 3, first: { xid: 20 }, last: { xid: 11 } });
    expect(found.facts().preparedAtTarget).toEqual([]);
    expect(found.isPreparedBefore).toBe(false);
    expect(notesFor(beside(11, 'before'), found)).toMatch(
      /prepared at 0\/180 .*in between is lost.*--to-xid 11 --exclusive/,
    );
    expect(search(beside(11, 'after'), events).stop).toMatchObject({ side: 'after', record: { lsn: 0x300n } });
  });

  it('stops before the end of one whose PREPARE is not in the WAL, and tells so', () => {
    const events = [commit(0x100n, 10, 1n), commit(0x300n, 11, 5n, 'commitPrepared')];
    const found = search(beside(11, 'before'), events);
    expect(found.stop).toMatchObject({ side: 'before', record: { lsn: 0x300n } });
    expect(found.isPreparedBefore).toBe(true);
    expect(found.facts().preparedAtTarget).toMatchObject([{ xid: 11, lsn: undefined }]);
  });
});

describe('a search for a transaction that locks a table', () => {
  const place = (position: bigint) => ({ lsn: lsn(position), endLsn: lsn(position + 8n), timeline: 1, xid: 0 });
  const running = { xids: [], subxids: [], hasOverflowed: false, nextXid: 10, oldestRunningXid: 10 };
  const ready: WalEvent = { kind: 'runningXacts', ...place(0x80n), ...running };
  const locks: WalEvent = {
    kind: 'locks',
    ...place(0x180n),
    locks: [{ xid: 11, databaseOid: 5, relationOid: 16_400 }],
  };
  const found = (target: RecoveryTarget, events: readonly WalEvent[], reachableFrom = lsn(0n)): MomentSearch => {
    const one = new MomentSearch(target, reachableFrom);
    for (const event of events) one.take(event);
    return one;
  };
  const events = [ready, commit(0x100n, 10, 1n), locks, commit(0x200n, 11, 2n)];

  it('stops before the lock, where nothing more is lost', () => {
    const before = found(beside(11, 'before'), events);
    expect(before.stop).toMatchObject({ side: 'before', record: { kind: 'locks', lsn: 0x180n } });
    expect(before).toMatchObject({ lastKept: { xid: 10 }, lost: { count: 1, first: { xid: 11 } } });
    expect(before.facts().locksAtTarget).toEqual([]);
    expect(notesFor(beside(11, 'before'), before)).toMatch(/locks a table: .* 0\/180/);
  });

  it('stops before its end where something would be lost, or no rehearsal can stand', () => {
    const between = [...events.slice(0, 3), commit(0x190n, 12, 2n), ...events.slice(3)];
    expect(found(beside(11, 'before'), between).stop).toMatchObject({ record: { kind: 'commit', lsn: 0x200n } });
    expect(found(beside(11, 'before'), events, lsn(0x181n)).stop).toMatchObject({ record: { lsn: 0x200n } });
    expect(found(beside(11, 'before'), events.slice(1)).stop).toMatchObject({ record: { lsn: 0x200n } });
    const byRule = found({ kind: 'xid', xid: 11, inclusive: false }, events);
    expect(byRule.stop).toMatchObject({ record: { lsn: 0x200n } });
    expect(byRule.facts().locksAtTarget).toHaveLength(1);
  });
});

describe("a search by PostgreSQL's rule for a transaction", () => {
  it('does not know subtransactions, and stops between PREPARE and COMMIT PREPARED', () => {
    const events = [prepared(0x180n, 11, [12]), commit(0x300n, 11, 5n, 'commitPrepared')];
    const found = search({ kind: 'xid', xid: 11, inclusive: false }, events);
    expect(found.stop).toMatchObject({ side: 'before', record: { lsn: 0x300n } });
    expect(found.facts().preparedAtTarget).toMatchObject([{ xid: 11, lsn: 0x180n }]);
    expect(search({ kind: 'xid', xid: 12, inclusive: false }, events).stop).toBeUndefined();
  });
});
