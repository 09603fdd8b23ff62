import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { listBackups } from '../backup/list.ts';
import { isFailure } from '../base/failure.ts';
import { lsn, parseLsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { listArchivedWal, type ArchivedWal } from './archived-wal.ts';
import { findMoment } from './find-moment.ts';
import { readTimelines, type Timelines } from './timelines.ts';

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
      const isLastCommit = byXid.firstLost === undefined;
      const asked = { kind: 'time', timeUs: timeUs(text.time_after), inclusive: true } as const;
      if (isLastCommit) expect(await remedyOf(asked, timeline)).toContain('after the last commit');
      else expect((await find(asked, timeline)).lastKept?.xid, `mark ${mark}`).toBe(xid);
    }
  });
});
