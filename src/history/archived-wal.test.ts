import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SyntheticWal } from '../../tests/support/synthetic-wal.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { listArchivedWal } from './archived-wal.ts';

const HEAP = 10;
/** `xlp_sysid` in `XLogLongPageHeaderData` (src/include/access/xlog_internal.h). */
const SYSID_OFFSET = 24;
const OWN = 7_000_000_000_000_000_001n;
const OTHER = 7_000_000_000_000_000_002n;

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-archived-'));
  await mkdir(join(folder, 'wal_005'));
  await mkdir(join(folder, 'walkback_001'));
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A segment of a cluster, the first of its WAL, under some name. */
async function segment(name: string, systemIdentifier: bigint): Promise<void> {
  const written = new SyntheticWal({ firstSegment: 1n });
  written.append({ resourceManager: HEAP, mainData: Buffer.alloc(20) });
  const bytes = written.segments()[0]?.bytes ?? Buffer.alloc(0);
  bytes.writeBigUInt64LE(systemIdentifier, SYSID_OFFSET);
  await writeFile(join(folder, 'wal_005', name), bytes);
}

describe('the WAL of an archive', () => {
  it('is that of its cluster, whatever strayed there under a newer name', async () => {
    await segment('000000010000000000000001', OWN);
    await segment('000000010000000000000009', OTHER);
    await writeFile(join(folder, 'walkback_001/system-identifier.json'), `{"systemIdentifier":"${OWN}"}`);
    expect((await listArchivedWal(store)).systemIdentifier).toBe(OWN);
  });

  it('is that of the first segment where nothing else tells', async () => {
    await segment('000000010000000000000001', OWN);
    await segment('000000010000000000000009', OTHER);
    expect((await listArchivedWal(store)).systemIdentifier).toBe(OWN);
  });

  it('is what is there, where all of it is of another cluster than the archive says', async () => {
    await segment('000000010000000000000001', OTHER);
    await writeFile(join(folder, 'walkback_001/system-identifier.json'), `{"systemIdentifier":"${OWN}"}`);
    expect((await listArchivedWal(store)).systemIdentifier).toBe(OTHER);
  });
});
