import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SyntheticWal } from '../../tests/support/synthetic-wal.ts';
import { lsn } from '../postgres/lsn.ts';
import type { WalEvent } from '../postgres/wal-records/wal-event.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { listArchivedWal } from './archived-wal.ts';
import { scanWal } from './scan.ts';

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-scan-'));
  await mkdir(join(folder, 'wal_005'));
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const HEAP = 10;
const FIRST_CUSTOM = 128;

describe('a scan of archived WAL', () => {
  it('tells of records that only an extension can replay, and passes over those of tables', async () => {
    const written = new SyntheticWal({ firstSegment: 1n });
    written.append({ resourceManager: HEAP, mainData: Buffer.alloc(20) });
    const first = written.append({ resourceManager: FIRST_CUSTOM, mainData: Buffer.alloc(20) });
    written.append({ resourceManager: HEAP, mainData: Buffer.alloc(20) });
    const last = written.append({ resourceManager: 255, mainData: Buffer.alloc(20) });
    for (const [index, { bytes }] of written.segments().entries()) {
      await writeFile(join(folder, 'wal_005', `00000001000000000000000${index + 1}`), bytes);
    }
    const wal = await listArchivedWal(store);
    const events: WalEvent[] = [];
    const line = { timeline: 1, ancestors: [] };
    for await (const event of scanWal({ store, wal, line, fromLsn: lsn(0x10_0000n) })) events.push(event);
    expect(events).toMatchObject([
      { kind: 'position', lsn: first, customResourceManager: 128 },
      { kind: 'position', lsn: last, customResourceManager: 255 },
    ]);
  });
});
