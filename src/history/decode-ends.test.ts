import { cp, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { openStore } from '../storage/open.ts';
import { listArchivedWal } from './archived-wal.ts';
import { decodeEnds } from './decode-ends.ts';
import { scanWal } from './scan.ts';

/** Written by WAL-G on PostgreSQL 15. */
const ARCHIVE = join(import.meta.dirname, '../../fixtures/walg/pg15-lz4-v305-forks/archive');
const FROM = lsn(0x200_0028n);

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-ends-'));
  await cp(ARCHIVE, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function opened() {
  const store = await openStore({ kind: 'file', path: folder });
  const wal = await listArchivedWal(store);
  return { store, wal, line: { timeline: 1, ancestors: [] }, fromLsn: FROM };
}

describe('the ends of the way to a target', () => {
  it('are decoded, and the record is where it should be', async () => {
    const request = await opened();
    const events = [];
    for await (const event of scanWal(request)) if (event.kind === 'commit') events.push(event);
    const last = events.at(-1)?.lsn ?? lsn(0n);
    await expect(decodeEnds(request, last)).resolves.toBeUndefined();
    await expect(decodeEnds(request, lsn(last - 1n))).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringContaining('no record begins there'),
    });
  });

  it('are refused when the first or the last is damaged, whatever its index says', async () => {
    for (const name of ['000000010000000000000002.lz4', '000000010000000000000006.lz4']) {
      const path = join(folder, 'wal_005', name);
      await using file = await open(path, 'r+');
      await file.write(Buffer.alloc(2000, 0xa5), 0, 2000, 3000);
    }
    const request = await opened();
    await expect(decodeEnds(request, lsn(0x600_2000n))).rejects.toMatchObject({ kind: 'corrupt' });
  });
});
