import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import type { Backup } from '../../src/backup/backup.ts';
import { listBackups } from '../../src/backup/list.ts';
import { isFailure } from '../../src/base/failure.ts';
import { lsn, parseLsn } from '../../src/postgres/lsn.ts';
import type { RecoveryTarget } from '../../src/postgres/recovery-target.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { readWindows } from '../../src/history/window.ts';
import { openStore } from '../../src/storage/open.ts';
import { listArchivedWal, type ArchivedWal } from '../../src/history/archived-wal.ts';
import { findMoment } from '../../src/history/find-moment.ts';
import { readTimelines, type Timelines } from '../../src/history/timelines.ts';

/** Written by WAL-G on PostgreSQL 15: three timelines, 2 branched off 1 at mark 3 and 3 off 1 at mark 5. */
const SET = join(import.meta.dirname, '../../fixtures/walg/pg15-lz4-v305-forks');

interface Mark {
  readonly mark: number;
  readonly xid: number;
  readonly lsn_after: string;
  readonly time_after: string;
  readonly timeline: number;
}

function timeUs(text: string): bigint {
  return BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1000n + BigInt(text.slice(20, 26));
}

describe('a moment in an archive with three timelines', () => {
  let store: ObjectStore;
  let wal: ArchivedWal;
  let timelines: Timelines;
  let marks: readonly Mark[];

  beforeAll(async () => {
    store = await openStore({ kind: 'file', path: join(SET, 'archive') });
    wal = await listArchivedWal(store);
    timelines = await readTimelines(store, wal);
    marks = JSON.parse(await readFile(join(SET, 'expected.json'), 'utf8')).moments;
  });

  async function find(target: RecoveryTarget, timeline: number) {
    return findMoment({
      store,
      wal,
      timelines,
      line: timelines.lineOf(timeline),
      backups: await listBackups(store),
      target,
    });
  }

  async function remedyOf(target: RecoveryTarget, timeline: number): Promise<string> {
    try {
      await find(target, timeline);
    } catch (error) {
      if (isFailure(error, 'refused')) return `${error.message}\n${error.remedy}`;
      throw error;
    }
    return 'reached';
  }

  it('is the same by time, by transaction and by position for every mark that a backup reaches', async () => {
    const reachable = marks.filter(({ mark }) => mark >= 2);
    expect(reachable.length).toBe(16);
    for (const { mark, xid, timeline, ...text } of reachable) {
      const byXid = await find({ kind: 'xid', xid, inclusive: true }, timeline);
      expect(byXid, `mark ${mark}`).toMatchObject({ timeline, inclusive: true, lastKept: { xid, kind: 'commit' } });
      const positionAfter = parseLsn(text.lsn_after) ?? lsn(0n);
      expect(byXid.stopsAt.endLsn <= positionAfter, `mark ${mark}`).toBe(true);
      const byLsn = await find({ kind: 'lsn', lsn: positionAfter, inclusive: false }, timeline);
      expect(byLsn.lastKept?.xid, `mark ${mark}`).toBe(xid);
      const asked = { kind: 'time', timeUs: timeUs(text.time_after), inclusive: true } as const;
      const byTime = byXid.firstLost === undefined ? await remedyOf(asked, timeline) : await find(asked, timeline);
      const behindLast = { lastKept: expect.stringContaining('after the last commit') };
      expect(typeof byTime === 'string' ? { lastKept: byTime } : byTime, `mark ${mark}`).toMatchObject(
        byXid.firstLost === undefined ? behindLast : { lastKept: { xid } },
      );
    }
  });

  it('of "latest" keeps everything, on each line', async () => {
    for (const [timeline, xid] of [
      [1, 812],
      [2, 805],
      [3, 805],
    ] as const) {
      const found = await find({ kind: 'latest' }, timeline);
      expect(found).toMatchObject({ timeline, lastKept: { xid }, firstLost: undefined, lost: { count: 0 } });
    }
  });

  it('begins from the newest backup on the line that serves', async () => {
    const backupOf = async (mark: number, timeline: number) => {
      const { xid = 0 } = marks[mark] ?? {};
      return (await find({ kind: 'xid', xid, inclusive: true }, timeline)).backup.name;
    };
    expect(await backupOf(4, 1)).toBe('base_000000010000000000000002');
    expect(await backupOf(6, 1)).toBe('base_000000010000000000000005_D_000000010000000000000002');
    expect(await backupOf(9, 2)).toBe('base_000000010000000000000002');
    expect(await backupOf(10, 2)).toBe('base_000000020000000000000004');
    expect(await backupOf(15, 3)).toBe('base_000000010000000000000005_D_000000010000000000000002');
    expect(await backupOf(12, 2)).toBe('base_000000020000000000000006_D_000000020000000000000004');
  });

  describe('by time, between the begin of a backup and its checkpoint', () => {
    const NEWER = 'base_000000010000000000000005_D_000000010000000000000002';
    const OLDER = 'base_000000010000000000000002';
    let backups: readonly Backup[];
    /** Marks that the newer backup holds, the last one last. */
    let held: readonly Mark[];
    beforeAll(async () => {
      backups = await listBackups(store);
      const startLsn = backups.find(({ name }) => name === NEWER)?.startLsn ?? lsn(0n);
      held = marks.filter((mark) => mark.timeline === 1 && (parseLsn(mark.lsn_after) ?? startLsn) < startLsn);
    });

    /** The newer backup was asked for right before. @param isOnly it is the only one. */
    async function findAt(mark: Mark | undefined, isOnly = false) {
      const target = { kind: 'time', timeUs: timeUs(mark?.time_after ?? ''), inclusive: true } as const;
      const startedAt = new Date(Number(target.timeUs / 1000n) - 1);
      const given = backups
        .filter(({ name }) => name === NEWER || (name === OLDER && !isOnly))
        .map((backup) => (backup.name === NEWER ? { ...backup, startedAt } : backup));
      return findMoment({ store, wal, timelines, line: timelines.lineOf(1), backups: given, target });
    }

    it('is reached from an earlier backup, where the backup holds later commits', async () => {
      const [mark] = held.slice(-2);
      expect(await findAt(mark)).toMatchObject({ backup: { name: OLDER }, lastKept: { xid: mark?.xid } });
    });

    it('is reached from the backup, where an earlier one stops at the same record', async () => {
      const [mark] = held.slice(-1);
      const found = await findAt(mark);
      expect(found.backup.name).toBe(NEWER);
      expect(found.stopsAt.lsn).toBeGreaterThanOrEqual(found.backup.finishLsn);
    });

    it('is refused, where no earlier backup can tell', async () => {
      await expect(findAt(held.at(-1), true)).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining(`inside the span of backup ${NEWER}`),
      });
    });
  });

  it('counts what is lost behind it', async () => {
    const { xid = 0 } = marks[6] ?? {};
    const found = await find({ kind: 'xid', xid, inclusive: true }, 1);
    const before = await find({ kind: 'xid', xid, inclusive: false }, 1);
    expect(before.lost.count).toBe(found.lost.count + 1);
    expect(before.firstLost?.xid).toBe(xid);
    expect(before).toMatchObject({ inclusive: false, targetLsn: found.targetLsn });
    expect(found.lost.last?.xid).toBe(812);
  });

  it('is refused with the nearest one when no backup reaches it', async () => {
    const { xid = 0, time_after = '' } = marks[0] ?? {};
    expect(await remedyOf({ kind: 'time', timeUs: timeUs(time_after), inclusive: true }, 1)).toMatch(
      /before the first base backup[^]*--to-lsn 0\/2000100/,
    );
    expect(await remedyOf({ kind: 'lsn', lsn: lsn(0x1b9eda8n), inclusive: true }, 1)).toMatch(/--to-lsn 0\/2000100/);
    expect(await remedyOf({ kind: 'xid', xid, inclusive: true }, 1)).toMatch(
      /no transaction of that number[^]*--to-xid 812/,
    );
    expect(await remedyOf({ kind: 'lsn', lsn: lsn(0x2000060n), inclusive: true }, 1)).toMatch(
      /inside the span of backup base_000000010000000000000002[^]*--to-lsn 0\/2000100/,
    );
  });

  it('is refused with lines to type that name the line, for numbers and positions repeat behind a fork', async () => {
    const refused: [RecoveryTarget, number][] = [
      [{ kind: 'time', timeUs: timeUs('2027-01-01T00:00:00.000000Z'), inclusive: true }, 1],
      [{ kind: 'lsn', lsn: lsn(0x2000060n), inclusive: true }, 2],
      [{ kind: 'lsn', lsn: lsn(0x9_0000_0000n), inclusive: true }, 3],
      [{ kind: 'name', name: 'no such' }, 2],
    ];
    for (const [target, timeline] of refused) {
      const typed = (await remedyOf(target, timeline)).split('\n').filter((line) => line.startsWith('    walkback'));
      expect(typed).not.toEqual([]);
      expect(typed.filter((line) => !line.endsWith(` --timeline ${timeline}`))).toEqual([]);
    }
  });

  it('named by a refusal can be reached', async () => {
    expect((await find({ kind: 'lsn', lsn: lsn(0x2000100n), inclusive: true }, 1)).backup.name).toBe(
      'base_000000010000000000000002',
    );
    const last = await find({ kind: 'latest' }, 1);
    const reached = await find({ kind: 'time', timeUs: last.lastKept?.timeUs ?? 0n, inclusive: true }, 1);
    expect(reached.lastKept?.xid).toBe(812);
  });

  it('is refused behind the last commit, and on another timeline', async () => {
    expect(await remedyOf({ kind: 'time', timeUs: timeUs('2027-01-01T00:00:00.000000Z'), inclusive: true }, 1)).toMatch(
      /after the last commit[^]*--to-latest[^]*--to-time 2026-11-22T16:32:5/,
    );
    expect(await remedyOf({ kind: 'lsn', lsn: lsn(0x8000e08n), inclusive: true }, 1)).toMatch(/--timeline 3/);
    expect(await remedyOf({ kind: 'xid', xid: 812, inclusive: true }, 3)).toMatch(/--timeline 1/);
    expect(await remedyOf({ kind: 'lsn', lsn: lsn(0x9_0000_0000n), inclusive: true }, 3)).toMatch(/--to-latest/);
    expect(await remedyOf({ kind: 'name', name: 'no such' }, 2)).toMatch(/no restore point of that name/);
  });

  it('behind a missing segment is refused, with both sides of the hole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-hole-'));
    try {
      await cp(join(SET, 'archive'), folder, { recursive: true });
      await rm(join(folder, 'wal_005', '000000010000000000000003.lz4'));
      const holed = await openStore({ kind: 'file', path: folder });
      const request = { store: holed, wal: await listArchivedWal(holed), timelines, backups: await listBackups(holed) };
      const target = { kind: 'xid', xid: marks[3]?.xid ?? 0, inclusive: true } as const;
      await expect(findMoment({ ...request, line: timelines.lineOf(1), target })).rejects.toMatchObject({
        message: expect.stringContaining('000000010000000000000003 is missing'),
        remedy: expect.stringMatching(
          /The last before it[^]*--to-lsn 0\/2[^]*The first behind it[^]*--to-lsn 0\/5000100/,
        ),
      });
      const [first] = (await readWindows(request)).toReversed();
      expect(first?.holes).toMatchObject([{ firstMissing: '000000010000000000000003', segmentCount: 1 }]);
      expect(first?.windows.map(({ because }) => because)).toEqual(['hole', 'endOfArchive']);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('lies in the windows that each timeline has', async () => {
    const windows = await readWindows({ store, wal, timelines, backups: await listBackups(store) });
    expect(windows.map(({ timeline, fork }) => [timeline, fork?.timeline])).toEqual([
      [3, 1],
      [2, 1],
      [1, undefined],
    ]);
    expect(windows.map((one) => one.windows.map(({ lastCommit }) => lastCommit?.xid))).toEqual([[805], [805], [812]]);
    expect(windows.map((one) => one.windows[0]?.firstCommit?.xid)).toEqual([781, 764, 750]);
    expect(windows.map((one) => one.backups.length)).toEqual([0, 2, 2]);
    expect(windows.flatMap((one) => one.holes)).toEqual([]);
  });
});
