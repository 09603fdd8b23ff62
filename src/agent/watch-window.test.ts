import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SYSTEM_IDENTIFIER_KEY } from '../archive/archive-identity.ts';
import { segmentBytes } from '../archive/testing/segment-bytes.ts';
import { lsn } from '../postgres/lsn.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import type { DutyEvent } from './duty-event.ts';
import { watchWindow } from './watch-window.ts';

const SIZE = 1024 * 1024;

function name(index: number): string {
  return formatSegmentName({ timeline: 1, index: BigInt(index) }, walSegmentSize(SIZE));
}

describe('the WAL of all backups', () => {
  let root: string;
  let store: ObjectStore;
  let events: DutyEvent[];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-window-'));
    store = await openStore({ kind: 'file', path: join(root, 'archive') });
    events = [];
    await mkdir(join(root, 'data/pg_wal/archive_status'), { recursive: true });
    await mkdir(join(root, 'archive'));
    await store.put(SYSTEM_IDENTIFIER_KEY, Buffer.from('{"systemIdentifier":"7"}'));
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true });
  });

  const archived = async (...indexes: number[]) => {
    for (const index of indexes) await store.put(`wal_005/${name(index)}.zst`, Buffer.from('any'));
  };
  /** A backup that begins and ends in a segment. */
  const backup = async (index: number) => {
    const sentinel = {
      LSN: SIZE * index + 40,
      FinishLSN: SIZE * index + 400,
      PgVersion: 170_000,
      Version: 2,
      StartTime: '2026-01-01T00:00:00Z',
      FinishTime: '2026-01-01T00:01:00Z',
    };
    const key = `basebackups_005/base_${name(index)}_backup_stop_sentinel.json`;
    await store.put(key, Buffer.from(JSON.stringify(sentinel)));
    return `base_${name(index)}`;
  };
  const look = async () =>
    watchWindow({
      store,
      whole: store,
      dataDirectory: join(root, 'data'),
      compression: 'zstd',
      server: {
        systemIdentifier: 7n,
        majorVersion: 17,
        walSegmentSizeBytes: walSegmentSize(SIZE),
        line: { timeline: 1, ancestors: [] },
        redoLsn: lsn(0n),
      },
      report: (event) => events.push(event),
      signal: new AbortController().signal,
    });

  it('is looked at from the oldest backup on, and what is missing before the newest is told of', async () => {
    const oldest = await backup(2);
    await backup(8);
    await archived(2, 3, 6, 7, 8, 9);
    expect(await look()).toEqual({ backupName: oldest, missingCount: 2, firstMissing: name(4) });
  });

  it('is pushed again from pg_wal where it is still there', async () => {
    const oldest = await backup(2);
    await backup(6);
    await archived(2, 3, 6, 7);
    for (const index of [4, 5]) {
      const content = segmentBytes({ name: name(index), sizeBytes: SIZE, systemIdentifier: 7n });
      await writeFile(join(root, 'data/pg_wal', name(index)), content);
    }
    expect(await look()).toEqual({ backupName: oldest, missingCount: 0 });
    expect(events.map(({ kind }) => kind)).toEqual(['healed', 'healed']);
  });

  it('is not missing where it was pruned: behind a backup that is kept for itself', async () => {
    await backup(2);
    await backup(20);
    const begin = await backup(30);
    await backup(35);
    await archived(2, 20, 30, 31, 32, 33, 34, 35);
    expect(await look()).toEqual({ backupName: begin, missingCount: 0 });
  });

  it('is that of the only backup, where there is one', async () => {
    const only = await backup(5);
    await archived(5, 7);
    expect(await look()).toEqual({ backupName: only, missingCount: 1, firstMissing: name(6) });
  });

  it('is not looked at where there is none', async () => {
    await archived(1, 3);
    expect(await look()).toBeUndefined();
  });
});
