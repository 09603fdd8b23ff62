import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { pageChecksum } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import { confirmDamage } from './confirm-damage.ts';

const SEGMENT_PAGES = 131_072;
const SPANS = new Map([['full', { startLsn: lsn(100n), finishLsn: lsn(200n) }]]);

let destination = '';
beforeEach(async () => {
  destination = await mkdtemp(join(tmpdir(), 'walkback-damage-'));
  await mkdir(join(destination, 'base/5'), { recursive: true });
});
afterEach(() => rm(destination, { recursive: true, force: true }));

/** A page of a relation, last changed at a position. */
function page(block: number, changedAt: number, isDamaged: boolean): Buffer {
  const bytes = Buffer.alloc(PAGE_SIZE_BYTES, 7);
  bytes.writeUInt32LE(0, 0);
  bytes.writeUInt32LE(changedAt, 4);
  bytes.writeUInt16LE(pageChecksum(bytes, 0, block), 8);
  if (isDamaged) bytes.writeUInt8(9, 5000);
  return bytes;
}

const confirmed = (name: string, blocks: readonly number[], hasChecksums = true) =>
  confirmDamage(
    [{ backupName: 'full', name, blocks }],
    { destination, tablespaceLocations: new Map() },
    { pageSizeBytes: PAGE_SIZE_BYTES, segmentPages: SEGMENT_PAGES, hasChecksums },
    SPANS,
  );

it('keeps pages that are damaged on disk, and not those that replay writes, or a later backup has written', async () => {
  const pages = [page(0, 50, false), page(1, 50, true), page(2, 150, true), page(3, 250, true)];
  await writeFile(join(destination, 'base/5/1'), Buffer.concat(pages));
  expect(await confirmed('base/5/1', [0, 1, 2, 3, 9])).toEqual([
    { backupName: 'full', name: 'base/5/1', blocks: [1, 3] },
  ]);
  expect(await confirmed('base/5/1', [0, 2])).toEqual([]);
  expect(await confirmed('base/5/1', [0], false)).toMatchObject([{ blocks: [0] }]);
});

it('counts blocks from the begin of the relation, as checksums do', async () => {
  await writeFile(join(destination, 'base/5/1.2'), page(2 * SEGMENT_PAGES, 50, false));
  expect(await confirmed('base/5/1.2', [0])).toEqual([]);
});
