import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { noProgress } from '../../src/base/progress.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import type { LoggedTransaction } from '../../src/history/transactions/logged-transaction.ts';
import { findTransaction, type TransactionName } from '../../src/app/find-transaction.ts';
import { EVERYTHING } from '../../src/app/log-filter.ts';
import { openHistory } from '../../src/app/open-history.ts';
import { startForTime } from '../../src/app/log-start.ts';
import { openLog, type LogRequest } from '../../src/app/read-log.ts';

const FIXTURE = new URL('../../fixtures/walg/pg15-zstd-v309/archive', import.meta.url).pathname;
const { signal } = new AbortController();
const us = (text: string): bigint => BigInt(Date.parse(text)) * 1000n;

async function history(archive: string) {
  const settings = await loadSettings({ environment: { WALKBACK_ARCHIVE: archive } });
  return openHistory(settings, { timeline: undefined, pgWal: undefined, signal });
}

const request = (given: Partial<LogRequest>): LogRequest => ({
  sinceUs: undefined,
  untilUs: undefined,
  filter: { ...EVERYTHING, operations: ['insert', 'update', 'delete', 'truncate', 'drop'] },
  readExtraNames: async () => undefined,
  isFollowed: false,
  onProgress: noProgress,
  onWarning: () => {},
  signal,
  ...given,
});

async function read(archive: string, given: Partial<LogRequest> = {}) {
  await using opened = await history(archive);
  const log = await openLog(opened, request(given));
  const transactions: LoggedTransaction[] = [];
  for await (const one of log) transactions.push(one);
  return { transactions, end: log.end, facts: log.facts };
}

const xids = (log: { readonly transactions: readonly LoggedTransaction[] }) => log.transactions.map(({ xid }) => xid);

describe('the log of an archive that WAL-G wrote', () => {
  let all: Awaited<ReturnType<typeof read>>;

  beforeAll(async () => {
    all = await read(FIXTURE);
  });

  it('has every transaction from the first on, with its rows by table', () => {
    const { transactions, end } = all;
    expect(end?.kind).toBe('endOfArchive');
    const truncated = transactions.find(({ xid }) => xid === 749);
    expect(truncated?.definitions).toMatchObject([{ kind: 'truncate', relation: { name: 'stock' } }]);
    expect(transactions.find(({ xid }) => xid === 757)?.changes).toMatchObject([
      { relation: { name: 'orders', schemaName: 'public' }, inserted: 245, updated: 0, deleted: 0 },
    ]);
  });

  it('is the same for a span, begun where the WAL of the span begins, and whole', async () => {
    const span = { sinceUs: us('2026-11-22T16:33:03.8Z'), untilUs: us('2026-11-22T16:33:03.94Z') };
    const part = await read(FIXTURE, span);
    expect(xids(part)).toEqual([749, 750, 751, 753, 754]);
    expect(part.facts.fromLsn > all.facts.fromLsn).toBe(true);
    const counts = ({ transactions }: typeof all) =>
      transactions
        .filter(({ xid }) => xid >= 749 && xid <= 754)
        .map(({ xid, isIncomplete, changes }) => [
          xid,
          isIncomplete,
          changes.map(({ file, inserted, updated, deleted }) => [file.filenode, inserted, updated, deleted]),
        ]);
    expect(counts(part)).toEqual(counts(all));
  });

  it('names tables that were made before it begins', async () => {
    const fromLsn = all.transactions.find(({ xid }) => xid === 757)?.firstLsn;
    const { transactions } = await read(FIXTURE, { fromLsn });
    expect(transactions.find(({ xid }) => xid === 757)?.changes).toMatchObject([{ relation: { name: 'orders' } }]);
  });

  it('says so when it begins later than asked', async () => {
    await using opened = await history(FIXTURE);
    const { notes } = await startForTime(opened, us('2020-01-01T00:00:00Z'), signal);
    expect(notes).toEqual([expect.stringContaining('begins with 2026-11-22T16:32:59')]);
  });
});

describe('the timeline of an archive with several', () => {
  it('is named in what is typed where it was asked for, and otherwise not while it is the newest', async () => {
    const forks = new URL('../../fixtures/walg/pg15-lz4-v305-forks/archive', import.meta.url).pathname;
    const settings = await loadSettings({ environment: { WALKBACK_ARCHIVE: forks } });
    const named = async (timeline: number | undefined) => {
      await using opened = await openHistory(settings, { timeline, pgWal: undefined, signal });
      return [opened.line.timeline, opened.namedTimeline];
    };
    expect(await Promise.all([undefined, 3, 1].map(named))).toEqual([
      [3, undefined],
      [3, 3],
      [1, 1],
    ]);
  });
});

describe('one transaction of it', () => {
  const find = async (name: TransactionName) => {
    await using opened = await history(FIXTURE);
    const open = async (fromLsn: LogRequest['fromLsn']) =>
      openLog(opened, request({ fromLsn, filter: { ...EVERYTHING, withAborted: true } }));
    // Awaited here: the archive is closed behind it.
    return await findTransaction(opened, name, open, signal);
  };

  it('is found by its number, between the commits beside it, and by the position behind the one before', async () => {
    const { one, before, after } = await find({ kind: 'xid', xid: 749 });
    expect([before?.xid, one.xid, after?.xid]).toEqual([748, 749, 750]);
    expect((await find({ kind: 'lsn', lsn: one.endLsn })).one.xid).toBe(750);
  });

  it('that is not there is refused', async () => {
    await expect(find({ kind: 'xid', xid: 5000 })).rejects.toThrow(
      'cannot show transaction 5000: it is not on timeline 1',
    );
  });
});

describe('an archive with a hole', () => {
  let archive: string;

  it('is said to end there where the transaction before it is shown', async () => {
    await using opened = await history(archive);
    const before = await read(archive, { sinceUs: us('2026-11-22T16:33:01Z') });
    const last = before.transactions.at(-1);
    const open = async (fromLsn: LogRequest['fromLsn']) =>
      openLog(opened, request({ fromLsn, filter: { ...EVERYTHING, withAborted: true } }));
    const { one, after, end } = await findTransaction(opened, { kind: 'lsn', lsn: last?.lsn ?? lsn(0n) }, open, signal);
    expect([one.xid, after, end?.kind]).toEqual([last?.xid, undefined, 'hole']);
  });

  beforeAll(async () => {
    archive = await mkdtemp(join(tmpdir(), 'walkback-log-'));
    await cp(FIXTURE, archive, { recursive: true });
    const names = (await readdir(join(archive, 'wal_005'))).filter((name) => /^[0-9A-F]{24}\./.test(name)).toSorted();
    await rm(join(archive, 'wal_005', names[3] ?? 'none'));
  });

  afterAll(() => rm(archive, { recursive: true, force: true }));

  it('is read from behind the hole on, and the note tells of it', async () => {
    await using opened = await history(archive);
    const { fromLsn, notes } = await startForTime(opened, undefined, signal);
    expect(fromLsn).toBe(0x4000000n);
    expect(notes).toEqual([expect.stringContaining('is behind a hole')]);
  });

  it('tells of files without a name when it is asked for a table', async () => {
    const warnings: string[] = [];
    const asked: boolean[] = [];
    const filter = { ...EVERYTHING, tables: [{ database: undefined, schema: undefined, name: 'orders' }] };
    const onWarning = (message: string): void => void warnings.push(message);
    const readExtraNames = async (isNeeded: boolean) => void asked.push(isNeeded);
    await read(archive, { filter, onWarning, readExtraNames });
    expect(asked).toEqual([true]);
    expect(warnings).toEqual([expect.stringContaining('--names-from live')]);
  });

  it('is read up to the hole where the span begins before it', async () => {
    const { end } = await read(archive, { sinceUs: us('2026-11-22T16:33:01Z') });
    expect(end).toMatchObject({ kind: 'hole', missing: '000000010000000000000003' });
  });
});
