/**
 * The part of a backup between start and stop: the data directory into the store, part by part, then `pg_control`.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Compression } from '../base/compression-names.ts';
import { isFailure } from '../base/failure.ts';
import type { OnProgress } from '../base/progress.ts';
import { compress } from '../codec/compression.ts';
import { TAR_END, tarHeader, tarPadding } from '../codec/tar-header.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { partObjectName, tarPartitionsFolder } from '../walg/backup-names.ts';
import type { StoredEntry } from './data-directory.ts';
import { formatPartIndex, indexKey } from './own-objects.ts';
import type { PackedEntry, PageVerification } from './part-packer.ts';
import { planParts } from './part-plan.ts';
import { packParts } from './part-workers.ts';

/** Where the parts go and how they are made. */
export interface UploadPartsOptions {
  readonly store: ObjectStore;
  readonly backupName: string;
  readonly compression: Compression;
  readonly level: number;
  readonly concurrency: number;
  readonly verification: PageVerification | undefined;
  /** How many bytes a second may be read from the disk, by all workers together. */
  readonly diskBytesPerS: number | undefined;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** What is in the store now. */
export interface UploadedParts {
  readonly entries: readonly PackedEntry[];
  /** Entry names by object name. */
  readonly tarFileSets: ReadonlyMap<string, readonly string[]>;
  readonly payloadBytes: number;
  readonly storedBytes: number;
}

/** Stores these entries. */
export async function uploadParts(stored: readonly StoredEntry[], options: UploadPartsOptions): Promise<UploadedParts> {
  const { store, backupName, compression, signal } = options;
  const parts = planParts(stored, options.concurrency);
  const total = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const entries: PackedEntry[] = [];
  const tarFileSets = new Map<string, readonly string[]>();
  let doneBytes = 0;
  let payloadBytes = 0;
  let storedBytes = 0;
  await packParts(parts, {
    ...options,
    workerCount: options.concurrency,
    keyOf: (part) => `${tarPartitionsFolder(backupName)}${partObjectName(part.number, compression)}`,
    onBytes: (bytes) => {
      doneBytes = Math.min(total, doneBytes + bytes);
      options.onProgress({ phase: 'backup', done: doneBytes, total, unit: 'bytes' });
    },
    onPart: async (part, packed) => {
      const objectName = partObjectName(part.number, compression);
      // Not as arguments: of empty files a part may hold more than a call can have.
      for (const entry of packed.entries) entries.push(entry);
      tarFileSets.set(
        objectName,
        packed.entries.map((entry) => entry.name),
      );
      payloadBytes += packed.payloadBytes;
      storedBytes += packed.storedBytes;
      if (compression !== 'zstd') return;
      await store.put(indexKey(backupName, objectName), formatPartIndex(objectName, packed), { signal });
    },
  });
  return { entries, tarFileSets, payloadBytes, storedBytes };
}

const CONTROL_FILE_ATTEMPTS = 20;

/** The control file, whole: one read while it is written has a wrong checksum and is read again. */
export async function readControlFile(path: string): Promise<Buffer> {
  for (let attempt = 1; ; attempt++) {
    const bytes = await readFile(path);
    try {
      parseControlFile(bytes);
      return bytes;
    } catch (error) {
      if (!isFailure(error, 'corrupt') || attempt === CONTROL_FILE_ATTEMPTS) throw error;
      await sleep(10);
    }
  }
}

/** A file of a tar that is made in memory. */
export interface SmallFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly mtimeSeconds: number;
}

/** Where a tar made in memory goes. */
export type SmallTarOptions = Pick<UploadPartsOptions, 'store' | 'backupName' | 'compression' | 'level' | 'signal'>;

/** Stores a tar of small files. Answers with its size in the store. */
export async function uploadSmallTar(
  files: readonly SmallFile[],
  objectName: string,
  options: SmallTarOptions,
): Promise<number> {
  const blocks = files.flatMap(({ name, bytes, mtimeSeconds }) => [
    tarHeader({ name, type: 'file', sizeBytes: bytes.length, mode: 0o600, uid: 0, gid: 0, mtimeSeconds }),
    bytes,
    tarPadding(bytes.length),
  ]);
  const tar = Buffer.concat([...blocks, TAR_END]);
  const stored = await compress(options.compression, tar, { level: options.level });
  const key = `${tarPartitionsFolder(options.backupName)}${objectName}`;
  await options.store.put(key, stored, { signal: options.signal });
  return stored.length;
}
