/**
 * From settings to an open archive.
 *
 * @module
 */

import type { Compression, ReadableCompression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreDeadlines } from '../storage/deadlines.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore, type StoreLocation } from '../storage/open.ts';
import { openCipher } from './open-cipher.ts';
import { storeLocation } from './store-location.ts';

/** An archive that is open. Disposing closes its store. */
export interface Archive extends AsyncDisposable {
  readonly store: ObjectStore;
  /** The same for who writes to it: a failover storage that is away, or lets nobody in, counts as empty, and is told of. */
  readonly forWriting: ObjectStore;
  /** The same objects as they are stored: what encrypts and decrypts stands above it. */
  readonly storedAs: ObjectStore;
  /** The cluster's name: from the settings, or the last part of the address. */
  readonly clusterName: string;
  /** For what is written to it. @throws {Failure} `usage` for one that is only read. */
  readonly compression: Compression;
  /** What it is probably written with: looked for first. */
  readonly preferred: ReadableCompression;
}

function bucketOf(location: Exclude<StoreLocation, { path: string }>): string {
  return location.kind === 'azure' ? location.container : location.bucket;
}

/** The last part of an address: `shop-prod` of `s3://backups/shop-prod`. */
function lastPart(location: StoreLocation): string {
  const path = 'path' in location ? location.path : `${bucketOf(location)}/${location.prefix}`;
  return path.split('/').findLast((part) => part !== '') ?? 'cluster';
}

/** WAL-G may be set to lzma, and what it wrote is read; what is written here says that it is something else. */
function writtenCompression(settings: Settings): Compression {
  const compression = settings.get('compression');
  if (compression !== 'lzma') return compression;
  throw new Failure('usage', {
    message: `cannot write to the archive: ${settings.find('compression')?.source.where ?? 'compression'} is lzma, which is read, not written`,
    remedy: 'Set WALKBACK_COMPRESSION=zstd, or WALG_COMPRESSION_METHOD to zstd; wal-g reads that too.',
  });
}

/** Makes of a store what everybody sees of it. What encrypts is loaded where a key is set. */
async function encryptionOf(
  settings: Settings,
  { isEncrypted }: OpenArchiveOptions,
): Promise<(storedAs: ObjectStore) => ObjectStore> {
  const cipher = await openCipher(settings);
  if (cipher === undefined) return (storedAs) => storedAs;
  const [{ encryptingStore }, { isEncryptedKey }] = await Promise.all([
    import('../storage/encrypting-store.ts'),
    import('../archive/encrypted-keys.ts'),
  ]);
  return (storedAs) => encryptingStore(storedAs, { cipher, isEncrypted: isEncrypted ?? isEncryptedKey });
}

/** How an archive is opened. */
export interface OpenArchiveOptions {
  /** One of its stores alone: `default` is its own, others are failover storages. Absent: all of them together. */
  readonly storage?: string;
  /** Told, in words, of a failover storage that writing goes on without. */
  readonly onAway?: (message: string) => void;
  /** Which objects are encrypted where a key is set. Absent: those of an archive that WAL-G encrypts, and the like of ours. */
  readonly isEncrypted?: (key: string) => boolean;
}

/** One archive, as it is and for who writes to it. They are the same where there are no failover storages. */
interface OpenedStores {
  readonly all: ObjectStore;
  readonly forWriting: ObjectStore;
}

function awayWords(address: string, { message, remedy }: Failure): string {
  return `the failover storage ${address} is passed over for now: ${message}. ${remedy}`;
}

/** The store with those that are read beside it, where there are any; or one of them. */
async function openStores(
  settings: Settings,
  location: StoreLocation,
  { storage, onAway }: OpenArchiveOptions,
): Promise<OpenedStores> {
  const deadlines: StoreDeadlines = {
    attemptIdleMs: settings.get('storeIdleTimeout'),
    callMs: settings.get('storeCallTimeout'),
  };
  const alone = (store: ObjectStore): OpenedStores => ({ all: store, forWriting: store });
  const isOwnAlone = storage === 'default' || settings.find('failoverStorages') === undefined;
  if (isOwnAlone && (storage === undefined || storage === 'default'))
    return alone(await openStore(location, deadlines));
  const { joinFailoverStores, openFailoverStoreNamed, openFailoverStores } = await import('./failover-stores.ts');
  if (storage !== undefined) return alone(await openFailoverStoreNamed(settings, storage, deadlines));
  const others = await openFailoverStores(settings, deadlines);
  const tell = (address: string, failure: Failure): void => onAway?.(awayWords(address, failure));
  return joinFailoverStores(await openStore(location, deadlines), others, tell);
}

/** Opens the archive. It is not asked anything yet. @throws {Failure} `usage`, `refused`, `denied` (a key file). */
export async function openArchive(settings: Settings, options: OpenArchiveOptions = {}): Promise<Archive> {
  const location = storeLocation(settings);
  const { all: storedAs, forWriting } = await openStores(settings, location, options);
  const encrypted = await encryptionOf(settings, options);
  const store = encrypted(storedAs);
  return {
    store,
    forWriting: forWriting === storedAs ? store : encrypted(forWriting),
    storedAs,
    clusterName: settings.get('clusterName') ?? lastPart(location),
    get compression() {
      return writtenCompression(settings);
    },
    preferred: settings.get('compression'),
    [Symbol.asyncDispose]: () => storedAs.close(),
  };
}
