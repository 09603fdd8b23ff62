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

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Compression } from '../base/compression-names.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { compress } from '../codec/compression.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { walFileKind, walObjectKey, type WalObjectName } from '../walg/object-names.ts';
import { claimArchive } from './archive-identity.ts';
import { checkWalFile, readSegmentHeader } from './check-wal-file.ts';
import { decodeWalObject, findWalObjects } from './read-wal-file.ts';
import { releaseBuffer } from './release-buffer.ts';

/** One file to push. */
export interface PushWalFile {
  readonly store: ObjectStore;
  /** The file to read; its name is the last part, unless `fileName` says otherwise. */
  readonly path: string;
  readonly fileName?: string;
  readonly compression?: Compression;
  /** The server's, from its control file; without it, the file's own first page says. */
  readonly systemIdentifier?: bigint | undefined;
  readonly walSegmentSizeBytes?: number | undefined;
  readonly signal?: AbortSignal;
}

/** What came of it: `present` if the archive already held the same content. */
export interface PushedWalFile {
  readonly outcome: 'written' | 'present';
  readonly key: string;
  readonly storedBytes: number;
}

async function readLocal(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
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
  return same;
}

function differs({ store, path }: PushWalFile, key: string): Failure {
  return new Failure('conflict', {
    message: `cannot archive ${path}: ${key} in ${store.address} exists with other content, and is not overwritten`,
    remedy:
      'Two servers have archived to the same place on the same timeline. Find out which one is the cluster: "walkback window" shows what the archive holds. Give the other one an archive of its own.',
  });
}

async function write(given: PushWalFile, fileName: string, bytes: Buffer): Promise<PushedWalFile> {
  const { store, path, compression = 'zstd', signal } = given;
  const before = await comparePresent(given, bytes, await findWalObjects(store, fileName, signal));
  if (before !== undefined) return before;
  const key = walObjectKey(fileName, compression);
  const stored = await compress(compression, bytes);
  const storedBytes = stored.length;
  const options = signal === undefined ? {} : { signal };
  const outcome = await store.put(key, stored, { ...options, ifAbsent: true });
  if (outcome === 'written') {
    if (stored.buffer !== bytes.buffer) releaseBuffer(stored);
    return { outcome, key, storedBytes };
  }
  const raced = await comparePresent(given, bytes, [{ key, compression }]);
  if (raced !== undefined) return raced;
  throw new Failure('unavailable', {
    message: `cannot archive ${path}: ${key} in ${store.address} appeared and vanished while it was pushed`,
    remedy: 'Nothing needs to be done; the server asks again.',
  });
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
  const bytes = await readLocal(path);
  checkWalFile(bytes, fileName, path, { systemIdentifier, walSegmentSizeBytes });
  const system = systemOf(bytes, fileName, given);
  if (system !== undefined) await claimArchive(store, system, signal === undefined ? {} : { signal });
  const pushed = await write(given, fileName, bytes);
  // Not after a failure: what was given up may still be reading it.
  releaseBuffer(bytes);
  return pushed;
}
