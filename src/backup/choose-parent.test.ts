/**
 * Parents out of an archive that WAL-G wrote: a full backup and two deltas on it.
 */

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { Failure, isFailure } from '../base/failure.ts';
import { crc32c } from '../postgres/crc32c.ts';
import { lsn } from '../postgres/lsn.ts';
import { versionByMajor } from '../postgres/versions.ts';
import type { ObjectStore, ReadOptions } from '../storage/object-store.ts';
import { openFailoverStore } from '../storage/failover-store.ts';
import { openFileStore } from '../storage/file/file-store.ts';
import { openStore } from '../storage/open.ts';
import { StoreAround } from '../storage/store-around.ts';
import { filesMetadataKey, sentinelKey, sentinelKeyFor, tarPartitionsFolder } from '../walg/backup-names.ts';
import { chooseParent, type DeltaServer, type DeltaWish, type ParentChoice } from './choose-parent.ts';
import { controlOfBackup } from './control-of-backup.ts';
import { keepBackup } from './keep.ts';
import { findBackup } from './list.ts';

const ARCHIVE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const FULL = 'base_000000010000000000000002';
const FIRST = 'base_000000010000000000000004_D_000000010000000000000002';
const SECOND = 'base_000000010000000000000006_D_000000010000000000000004';
const LATEST: DeltaWish = { maxSteps: 7, origin: 'LATEST' };

interface Archive extends AsyncDisposable {
  readonly store: ObjectStore;
  choose(wish?: Partial<DeltaWish>, server?: Partial<DeltaServer>): Promise<ParentChoice>;
}

/** Lists of files that are more than can be read. */
class ListsTooLong extends StoreAround {
  override async get(key: string, options?: ReadOptions): Promise<Buffer | undefined> {
    if (!key.endsWith('/files_metadata.json')) return this.inner.get(key, options);
    throw new Failure('refused', { message: `cannot read ${key}: it lists too many files`, remedy: 'None.' });
  }
}

/** A copy of the archive, without its parts, beside a server that is as its last backup says. */
async function archive(around = (store: ObjectStore): ObjectStore => store): Promise<Archive> {
  const root = await mkdtemp(join(tmpdir(), 'walkback-parent-'));
  await cp(join(ARCHIVE, 'basebackups_005'), join(root, 'basebackups_005'), {
    recursive: true,
    filter: (path) => !/part_\d+\.tar/.test(path),
  });
  const store = around(await openStore({ kind: 'file', path: root }));
  const control = await controlOfBackup(store, SECOND);
  if (control === undefined) throw new Error('the fixture has a control file');
  const server: DeltaServer = { control, line: { timeline: 1, ancestors: [] }, isPermanent: false };
  return {
    store,
    choose: (wish, more) => chooseParent(store, { ...LATEST, ...wish }, { ...server, ...more }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Rewrites the control file of the latest backup: what another build of the server would have left. */
async function makeBlocksOf(store: ObjectStore, blockSizeBytes: number): Promise<void> {
  const key = `${tarPartitionsFolder(SECOND)}pg_control.tar.zst`;
  const tar = zstdDecompressSync((await store.get(key)) ?? Buffer.alloc(0));
  const floatFormat = Buffer.alloc(8);
  floatFormat.writeDoubleLE(1234567);
  const control = tar.subarray(tar.indexOf(floatFormat) - 208);
  const { controlCrcOffset } = versionByMajor(15);
  control.writeUInt32LE(blockSizeBytes, 216);
  control.writeUInt32LE(crc32c(control, 0, controlCrcOffset), controlCrcOffset);
  await store.put(key, zstdCompressSync(tar));
}

async function reasonOf(choice: Promise<ParentChoice>): Promise<string> {
  const { kind, ...rest } = await choice;
  if (!('because' in rest)) throw new Error(`expected a full backup, got a ${kind}`);
  return rest.because;
}

/** The line of a timeline 2 that left 1 at a position. */
function forkAt(position: bigint): Partial<DeltaServer> {
  return { line: { timeline: 2, ancestors: [{ timeline: 1, switchLsn: lsn(position), reason: '' }] } };
}

describe('the parent of a delta', () => {
  it('is the latest backup, with its chain', async () => {
    await using given = await archive();
    const choice = await given.choose();
    expect(choice).toMatchObject({
      kind: 'delta',
      parent: { backup: { name: SECOND }, count: 3, arePagesTelling: true },
    });
    expect('parent' in choice && choice.parent.chain.map(({ name }) => name)).toEqual([FULL, FIRST, SECOND]);
    expect('parent' in choice && choice.parent.files.get('/base/5/1259')).toBeDefined();
  });

  it('is the full backup of the latest with LATEST_FULL, whose count goes on all the same', async () => {
    await using given = await archive();
    const choice = await given.choose({ origin: 'LATEST_FULL' });
    expect(choice).toMatchObject({
      kind: 'delta',
      parent: { backup: { name: FULL }, chain: [{ name: FULL }], count: 3 },
    });
  });

  it('is the one that was named', async () => {
    await using given = await archive();
    expect(await given.choose({ fromName: FIRST })).toMatchObject({ parent: { backup: { name: FIRST }, count: 2 } });
  });

  it('is the newest that lies on the server’s line', async () => {
    await using given = await archive();
    const second = await findBackup(given.store, SECOND);
    expect(await given.choose({}, forkAt(second.finishLsn))).toMatchObject({ parent: { backup: { name: SECOND } } });
    expect(await given.choose({}, forkAt(second.finishLsn - 1n))).toMatchObject({
      parent: { backup: { name: FIRST } },
    });
  });

  it('is the newest whose chain is there', async () => {
    await using given = await archive();
    await given.store.delete([sentinelKey(FIRST)]);
    expect(await given.choose()).toMatchObject({ parent: { backup: { name: FULL }, count: 1 } });
  });
});

describe('a full backup is due, and says so,', () => {
  it('where there is none yet', async () => {
    await using given = await archive();
    await given.store.delete([FULL, FIRST, SECOND].map((name) => sentinelKey(name)));
    expect(await reasonOf(given.choose())).toBe('there is no backup yet');
  });

  it('where the chain is long enough', async () => {
    await using given = await archive();
    expect(await reasonOf(given.choose({ maxSteps: 2 }))).toContain('already step 2 of a chain, and 2 are allowed');
    expect(await given.choose({ maxSteps: 3 })).toMatchObject({ kind: 'delta' });
  });

  it('where all are of another cluster, another version, or another line', async () => {
    await using given = await archive();
    const choice = await given.choose();
    if (choice.kind !== 'delta') throw new Error('expected a delta');
    const control = await controlOfBackup(given.store, SECOND);
    if (control === undefined) throw new Error('expected a control file');
    expect(await reasonOf(given.choose({}, { control: { ...control, systemIdentifier: 7n } }))).toContain(
      'another cluster',
    );
    expect(await reasonOf(given.choose({}, { control: { ...control, majorVersion: 16 } }))).toContain(
      'of PostgreSQL 15',
    );
    expect(await reasonOf(given.choose({}, forkAt(1n)))).toContain('not on the line of history of timeline 2');
  });

  it('where checksums were turned on or off since', async () => {
    await using given = await archive();
    const control = await controlOfBackup(given.store, SECOND);
    if (control === undefined) throw new Error('expected a control file');
    const without = { ...control, dataChecksumVersion: control.dataChecksumVersion === 0 ? 1 : 0 };
    expect(await reasonOf(given.choose({}, { control: without }))).toContain('checksums were turned on or off');
  });

  it('where pages are not of 8 KiB, in which increments count', async () => {
    await using given = await archive();
    await makeBlocksOf(given.store, 4096);
    const control = await controlOfBackup(given.store, SECOND);
    if (control === undefined) throw new Error('expected a control file');
    expect(control.blockSizeBytes).toBe(4096);
    expect(await reasonOf(given.choose({}, { control }))).toContain("the cluster's pages are not of 8 KiB");
  });

  it('where the parent’s list of files is lost', async () => {
    await using given = await archive();
    await given.store.delete([filesMetadataKey(SECOND)]);
    expect(await reasonOf(given.choose())).toContain(`its list of files, ${filesMetadataKey(SECOND)}, is missing`);
  });

  it('where the parent’s list of files is too long to be read', async () => {
    await using given = await archive((store) => new ListsTooLong(store));
    expect(await reasonOf(given.choose())).toContain('it lists too many files');
  });

  it('where the latest is kept for good, and this one is not', async () => {
    await using given = await archive();
    await keepBackup(given.store, SECOND, true);
    expect(await reasonOf(given.choose())).toContain('is kept for good');
    expect(await given.choose({}, { isPermanent: true })).toMatchObject({ kind: 'delta' });
    expect(await given.choose({ origin: 'LATEST_FULL' })).toMatchObject({ kind: 'delta' });
  });

  it('where this one is kept for good, and what it would build on is in a failover storage', async () => {
    const own = await mkdtemp(join(tmpdir(), 'walkback-parent-own-'));
    await using given = await archive((other) =>
      openFailoverStore(openFileStore(own), [other], { decidedBy: sentinelKeyFor }),
    );
    expect(await given.choose()).toMatchObject({ kind: 'delta' });
    expect(await reasonOf(given.choose({}, { isPermanent: true }))).toContain('a failover storage, which is only read');
    await rm(own, { recursive: true });
  });
});

describe('a parent that was named and cannot be it', () => {
  it.each<[string, string, Partial<DeltaServer>, RegExp]>([
    ['is not there', 'base_000000010000000000000099', {}, /there is no such backup/],
    ['is on another line', SECOND, forkAt(1n), /cannot take a delta backup on base_.*: it is not on the line/],
  ])('is an error: it %s', async (_why, fromName, server, message) => {
    await using given = await archive();
    const error: unknown = await given.choose({ fromName }, server).catch((thrown: unknown) => thrown);
    if (!isFailure(error)) throw new Error('expected a failure');
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
  });
});
