/**
 * Pushes one file of a server's `pg_wal` to the archive: what an `archive_command` is for.
 *
 * An object that exists is never overwritten. The same content under any compression is success (the server asks again
 * after a crash); other content is a conflict that names both. A file that is not what its name says, or that belongs to
 * another cluster than the archive, is refused before anything is written.
 *
 * Source: WAL-G `internal/databases/postgres/wal_push_handler.go` for what it does without being asked to.
 *
 * @module
 */

import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Compression } from '../base/compression-names.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { compress } from '../codec/compression.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { walFileKind, walObjectKey, type WalObjectName } from '../walg/object-names.ts';
import { claimArchive, readSystemIdentifier } from './archive-identity.ts';
import { checkWalFile, readSegmentHeader } from './check-wal-file.ts';
import { decodeWalObject, findWalObjects } from './read-wal-file.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import type { WalBuffers } from './wal-buffers.ts';

/** One file to push. */
export interface PushWalFile {
  readonly store: ObjectStore;
  /** The file to read; its name is the last part, unless `fileName` says otherwise. */
  readonly path: string;
  readonly fileName?: string;
  readonly compression?: Compression;
  /** Compresses so, in place of {@link compress}: elsewhere, say. */
  readonly compressBy?: (bytes: Buffer) => Promise<Buffer>;
  /** The server's, from its control file; without it, the file's own first page says. */
  readonly systemIdentifier?: bigint | undefined;
  readonly walSegmentSizeBytes?: number | undefined;
  /** Where a segment is read to; memory of its own otherwise. */
  readonly buffers?: WalBuffers;
  readonly signal?: AbortSignal;
}

/** What came of it: `present` if the archive already held the same content. */
export interface PushedWalFile {
  readonly outcome: 'written' | 'present';
  readonly key: string;
  readonly storedBytes: number;
}

/** A file of the server in memory, until it is let go. */
interface LocalFile {
  readonly bytes: Buffer;
  /** Nothing may use the bytes afterwards. Only the first call of this or the next counts. */
  readonly letGo: () => void;
  /** For bytes that something which was given up may still read. */
  readonly giveUp: () => void;
}

async function readInto(path: string, buffers: WalBuffers): Promise<LocalFile | undefined> {
  await using file = await open(path, 'r');
  // Files of other sizes are small, or wrong.
  if ((await file.stat()).size !== buffers.sizeBytes) return undefined;
  const buffer = await buffers.take();
  let isHeld = true;
  const once = (end: () => void) => () => {
    if (isHeld) end();
    isHeld = false;
  };
  const letGo = once(() => buffers.giveBack(buffer));
  const giveUp = once(() => buffers.giveUp());
  try {
    let at = 0;
    for (let read = -1; read !== 0; at += read) read = (await file.read(buffer, at, buffer.length - at, at)).bytesRead;
    return { bytes: buffer.subarray(0, at), letGo, giveUp };
  } catch (error) {
    letGo();
    throw error;
  }
}

async function readLocal({ path, buffers }: PushWalFile): Promise<LocalFile> {
  try {
    const read = buffers === undefined ? undefined : await readInto(path, buffers);
    if (read !== undefined) return read;
    const bytes = await readFile(path);
    let isHeld = true;
    const giveUp = () => {
      isHeld = false;
    };
    return { bytes, letGo: () => isHeld && releaseBuffer(bytes), giveUp };
  } catch (error) {
    throw new Failure('failed', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Check that the path is what PostgreSQL put in for %p, and that this user may read it.',
      cause: error,
    });
  }
}

function systemOf(bytes: Buffer, fileName: string, given: PushWalFile): bigint | undefined {
  if (given.systemIdentifier !== undefined) return given.systemIdentifier;
  const kind = walFileKind(fileName);
  const hasPages = kind === 'segment' || kind === 'partial';
  return hasPages ? readSegmentHeader(bytes, given.path).systemIdentifier : undefined;
}

/** Compares what is there. @throws {Failure} `conflict` if it is something else. */
async function comparePresent(
  given: PushWalFile,
  bytes: Buffer,
  present: readonly WalObjectName[],
): Promise<PushedWalFile | undefined> {
  const options = given.signal === undefined ? {} : { signal: given.signal };
  let same: PushedWalFile | undefined;
  for (const name of present) {
    const { key } = name;
    const stored = await given.store.get(key, options);
    if (stored === undefined) continue;
    const content = await decodeWalObject(name, stored);
    if (!content.equals(bytes)) throw differs(given, key);
    same = { outcome: 'present', key, storedBytes: stored.length };
  }
  // Whoever wrote it may have been killed in the middle of that; the server forgets the file next.
  if (same !== undefined) await given.store.sync?.(same.key, options);
  return same;
}

function differs({ store, path }: PushWalFile, key: string): Failure {
  return new Failure('conflict', {
    message: `cannot archive ${path}: ${key} in ${store.address} exists with other content, and is not overwritten`,
    remedy:
      'Two servers have archived to the same place on the same timeline. Find out which one is the cluster: "walkback window" shows what the archive holds. Give the other one an archive of its own.',
  });
}

/** Another has written the same key in between. */
async function compareRaced(given: PushWalFile, name: WalObjectName): Promise<PushedWalFile> {
  const { store, path } = given;
  const raced = await comparePresent(given, await readFile(path), [name]);
  if (raced !== undefined) return raced;
  throw new Failure('unavailable', {
    message: `cannot archive ${path}: ${name.key} in ${store.address} appeared and vanished while it was pushed`,
    remedy: 'Nothing needs to be done; the server asks again.',
  });
}

/**
 * Looks at what a store has confirmed: the server forgets the file next, and some gateway in between may have answered
 * for the store. Encrypted, an object is larger than what was given.
 */
async function confirmStored({ store, path, signal }: PushWalFile, key: string, givenBytes: number): Promise<void> {
  const found = await store.stat(key, signal === undefined ? {} : { signal });
  if (found !== undefined && found.sizeBytes >= givenBytes) return;
  const has = found === undefined ? 'does not have it' : `has ${found.sizeBytes} of its ${givenBytes} bytes`;
  throw new Failure('unavailable', {
    message: `cannot archive ${path}: ${store.address} has confirmed ${key} and ${has}`,
    remedy:
      'It is tried again. If this goes on, look what stands between this host and the store: a proxy or a gateway.',
  });
}

/** Waits for both, also when one fails: what is let go of then must not be in use. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

async function write(given: PushWalFile, fileName: string, local: LocalFile): Promise<PushedWalFile> {
  const { bytes } = local;
  const { store, compression = 'zstd', compressBy = async (data) => compress(compression, data), signal } = given;
  const key = walObjectKey(fileName, compression);
  // The store is asked while the segment is compressed: it is hardly ever there.
  const asked = findWalObjects(store, fileName, signal);
  const [present, stored] = await both(asked, compressBy(bytes));
  const before = await comparePresent(given, bytes, present);
  if (before !== undefined) return before;
  const isCopy = stored.buffer !== bytes.buffer;
  // A put that fails may have left something behind that still reads what it was given.
  if (isCopy) local.letGo();
  const storedBytes = stored.length;
  const options = signal === undefined ? {} : { signal };
  const outcome = await store.put(key, stored, { ...options, ifAbsent: true }).catch((error: unknown) => {
    local.giveUp();
    throw error;
  });
  if (outcome === 'exists') return compareRaced(given, { key, compression });
  await confirmStored(given, key, storedBytes);
  if (isCopy) releaseBuffer(stored);
  return { outcome, key, storedBytes };
}

/**
 * Pushes a file. When it returns, the store has confirmed that the archive holds it.
 *
 * @throws {Failure} `conflict` for other content or another cluster's archive, `corrupt` for a file that is not what its
 *   name says, and what the store throws.
 */
export async function pushWalFile(given: PushWalFile): Promise<PushedWalFile> {
  const { store, path, signal, systemIdentifier, walSegmentSizeBytes } = given;
  const fileName = given.fileName ?? basename(path);
  const local = await readLocal(given);
  try {
    checkWalFile(local.bytes, fileName, path, { systemIdentifier, walSegmentSizeBytes });
    const options = signal === undefined ? {} : { signal };
    // A history file says nothing of its cluster; the archive is still written with one key.
    const system = systemOf(local.bytes, fileName, given) ?? (await readSystemIdentifier(store, options));
    if (system !== undefined) await claimArchive(store, system, options);
    return await write(given, fileName, local);
  } finally {
    local.letGo();
  }
}
