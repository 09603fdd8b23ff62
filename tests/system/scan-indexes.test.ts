import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { lsn } from '../../src/postgres/lsn.ts';
import type { WalEvent } from '../../src/postgres/wal-records/wal-event.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { listArchivedWal, type ArchivedWal } from '../../src/history/archived-wal.ts';
import { scanIndexes } from '../../src/history/scan-indexes.ts';
import { scanWal, type ScanRequest, type WalScan } from '../../src/history/scan.ts';
import { readTimelines, type Timelines } from '../../src/history/timelines.ts';

/** Written by WAL-G on PostgreSQL 15: three timelines. */
const ARCHIVE = join(import.meta.dirname, '../../fixtures/walg/pg15-lz4-v305-forks/archive');

let store: ObjectStore;
let wal: ArchivedWal;
let timelines: Timelines;
beforeAll(async () => {
  store = await openStore({ kind: 'file', path: ARCHIVE });
  wal = await listArchivedWal(store);
  timelines = await readTimelines(store, wal);
});
afterAll(() => store.close());

async function read(scan: WalScan): Promise<{ events: WalEvent[]; end: WalScan['end']; last: WalScan['last'] }> {
  const events: WalEvent[] = [];
  for await (const event of scan) events.push(event);
  return { events, end: scan.end, last: scan.last };
}

/** The timeline of a record comes from its page, that of an index from the file's name. Records that tell nothing are in no index. */
const told = (events: readonly WalEvent[]) =>
  events.filter(({ kind }) => kind !== 'position').map(({ timeline: _timeline, ...event }) => event);

async function both(given: Pick<ScanRequest, 'line' | 'fromLsn' | 'alsoFirstAt' | 'toLsn'>) {
  return [
    await read(scanWal({ store, wal, ...given })),
    await read(scanIndexes({ store, wal, ...given, workerCount: 0 })),
  ] as const;
}

describe('a scan of indexes', () => {
  it.each([1, 2, 3])('gives what a scan of the segments gives, on the line of timeline %i', async (timeline) => {
    const given = { line: timelines.lineOf(timeline), fromLsn: lsn(0x200_0028n) };
    const [direct, indexed] = await both(given);
    expect(told(indexed.events)).toEqual(told(direct.events));
    expect(direct.events.length).toBeGreaterThan(50);
    expect([indexed.end, indexed.last]).toEqual([direct.end, direct.last]);
  });

  it('gives the records at positions, in their place', async () => {
    const alsoFirstAt = [0x200_0100n, 0x200_0101n, 0x301_0000n, 0x900_0000_0000n].map((position) => lsn(position));
    const given = { line: timelines.lineOf(1), fromLsn: lsn(0x200_0100n), alsoFirstAt };
    const [direct, indexed] = await both(given);
    expect(told(indexed.events)).toEqual(told(direct.events));
    const first = alsoFirstAt.map((position) => direct.events.find((event) => event.lsn >= position)?.lsn);
    expect(first.slice(0, 3)).not.toContain(undefined);
    const places = indexed.events.map((event) => event.lsn);
    expect(places).toEqual(expect.arrayContaining(first.slice(0, 3)));
    expect(places).toEqual(places.toSorted((a, b) => Number(a - b)));
  });

  it('ends where it is told to', async () => {
    const given = { line: timelines.lineOf(1), fromLsn: lsn(0x200_0028n), toLsn: lsn(0x300_0000n) };
    const [direct, indexed] = await both(given);
    expect(indexed.end).toEqual({ kind: 'reached' });
    expect(told(indexed.events)).toEqual(told(direct.events.filter((event) => event.lsn < 0x300_0000n)));
  });
});
