/**
 * Which cluster an archive belongs to: recorded with the first push, checked with every one.
 *
 * Two clusters that write to one archive destroy each other's recoveries, and segment names do not tell them apart. The
 * record is `walkback_001/system-identifier.json`, written only if absent, so of two first pushes one wins. An archive
 * that WAL-G began has no such record: then the newest backup's sentinel says which cluster it is, or, without one, the
 * first page of a segment.
 *
 * The record also says which key the archive is encrypted with, if it is. Objects under two keys, or plain ones among
 * encrypted ones, are found out when they are needed, which is too late; so nobody writes with another key, or without.
 *
 * @module
 */

import { isReadableCompression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import { decompressStream } from '../codec/compression.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { BACKUPS_FOLDER, WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import { readSegmentHeader, type SegmentHeader } from './check-wal-file.ts';

/** Where the record is. */
export const SYSTEM_IDENTIFIER_KEY = 'walkback_001/system-identifier.json';

const SENTINEL_SUFFIX = '_backup_stop_sentinel.json';
const MAX_SENTINEL_BYTES = 64 * 1024 * 1024;

/** What each store was found to hold, so that it is asked once in a process. */
const known = new WeakMap<ObjectStore, bigint>();

/** What the record says. */
interface IdentityRecord {
  readonly systemIdentifier: bigint;
  /** `undefined`: not encrypted when it was written. */
  readonly encryption: string | undefined;
}

function identifierIn(text: string, shape: RegExp): bigint | undefined {
  const digits = shape.exec(text)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

async function readRecord(store: ObjectStore, options: CallOptions): Promise<IdentityRecord | undefined> {
  const bytes = await store.get(SYSTEM_IDENTIFIER_KEY, options);
  if (bytes === undefined) return undefined;
  const text = bytes.toString('utf8');
  const systemIdentifier = identifierIn(text, /"systemIdentifier"\s*:\s*"(\d{1,20})"/);
  const encryption = /"encryption"\s*:\s*"([\w ]{1,64})"/.exec(text)?.[1];
  if (systemIdentifier !== undefined) return { systemIdentifier, encryption };
  throw new Failure('corrupt', {
    message: `cannot read ${SYSTEM_IDENTIFIER_KEY} in ${store.address}: it names no system identifier`,
    remedy: 'Delete the object; it is written again, from the archive itself, with the next push.',
  });
}

async function fromNewestSentinel(store: ObjectStore, options: CallOptions): Promise<bigint | undefined> {
  const { objects } = await store.listFolder(BACKUPS_FOLDER, options);
  const sentinels = objects.filter(
    ({ key, sizeBytes }) => key.endsWith(SENTINEL_SUFFIX) && sizeBytes <= MAX_SENTINEL_BYTES,
  );
  const newest = sentinels.toSorted((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime())[0];
  const bytes = newest === undefined ? undefined : await store.get(newest.key, options);
  // A 64-bit number, which JSON.parse would round: read as text.
  return bytes && identifierIn(bytes.toString('utf8'), /"SystemIdentifier"\s*:\s*(\d{1,20})\b/i);
}

/** The begin of a segment, of 40 bytes at least; `undefined` if the object is gone or is compressed as cannot be read. */
export async function readFirstBytes(
  store: ObjectStore,
  key: string,
  options: CallOptions = {},
): Promise<Buffer | undefined> {
  const compression = walFileOf(key)?.compression;
  if (compression === undefined || !isReadableCompression(compression)) return undefined;
  const source = await store.open(key, options);
  if (source === undefined) return undefined;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of decompressStream(compression, source, key)) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= 40) break;
  }
  return Buffer.concat(chunks);
}

/** The header of one segment of the archive; `undefined` if it holds none that can be read. */
export async function readASegmentHeader(
  store: ObjectStore,
  options: CallOptions = {},
): Promise<SegmentHeader | undefined> {
  for await (const { key } of store.list(WAL_FOLDER, options)) {
    if (walFileOf(key)?.kind !== 'segment') continue;
    const page = await readFirstBytes(store, key, options);
    if (page !== undefined) return readSegmentHeader(page, key);
  }
  return undefined;
}

/** The cluster whose archive this is; `undefined` if it holds nothing that tells. */
export async function readSystemIdentifier(store: ObjectStore, options: CallOptions = {}): Promise<bigint | undefined> {
  const cached = known.get(store);
  if (cached !== undefined) return cached;
  const found =
    (await readRecord(store, options))?.systemIdentifier ??
    (await fromNewestSentinel(store, options)) ??
    (await readASegmentHeader(store, options))?.systemIdentifier;
  if (found !== undefined) known.set(store, found);
  return found;
}

/** The record as it is now; written if there is none, or if the archive begins to be encrypted. */
async function recorded(store: ObjectStore, systemIdentifier: bigint, options: CallOptions): Promise<IdentityRecord> {
  const encryption = store.keyMark;
  const text = JSON.stringify({ systemIdentifier: systemIdentifier.toString(), encryption });
  const body = Buffer.from(`${text}\n`);
  const own: IdentityRecord = { systemIdentifier, encryption };
  const outcome = await store.put(SYSTEM_IDENTIFIER_KEY, body, { ...options, ifAbsent: true });
  if (outcome === 'written') return own;
  const found = (await readRecord(store, options)) ?? own;
  if (found.systemIdentifier !== systemIdentifier || encryption === undefined || found.encryption !== undefined) {
    return found;
  }
  await store.put(SYSTEM_IDENTIFIER_KEY, body, options);
  return own;
}

const claimed = new WeakSet<ObjectStore>();

/**
 * Makes sure that the archive is this cluster's and is written with one key, and records both.
 *
 * @throws {Failure} `conflict` if it is another's, or encrypted with another key than the store's.
 */
export async function claimArchive(
  store: ObjectStore,
  systemIdentifier: bigint,
  options: CallOptions = {},
): Promise<void> {
  let owner = await readSystemIdentifier(store, options);
  if (!claimed.has(store) && (owner === undefined || owner === systemIdentifier)) {
    const record = await recorded(store, systemIdentifier, options);
    owner = record.systemIdentifier;
    known.set(store, owner);
    if (owner === systemIdentifier) checkEncryption(store, record);
    claimed.add(store);
  }
  if (owner === systemIdentifier) return;
  throw new Failure('conflict', {
    message: `cannot write to the archive ${store.address}: it belongs to the system ${owner}, and this server is the system ${systemIdentifier}`,
    remedy:
      'Give this server an archive of its own. After initdb or pg_upgrade a cluster is another system and needs a new one.',
  });
}

/** For who writes without being of the cluster. @throws {Failure} `conflict` if it is encrypted with another key than the store's. */
export async function refuseOtherKey(store: ObjectStore, options: CallOptions = {}): Promise<void> {
  const record = await readRecord(store, options);
  // One that is not encrypted may begin to be.
  if (record?.encryption !== undefined) checkEncryption(store, record);
}

function checkEncryption(store: ObjectStore, { encryption }: IdentityRecord): void {
  if (encryption === store.keyMark) return;
  const found =
    store.keyMark === undefined
      ? `it is encrypted (${encryption}), and no key is set`
      : `it is encrypted with another key (${encryption}) than the one that is set (${store.keyMark})`;
  throw new Failure('conflict', {
    message: `cannot write to the archive ${store.address}: ${found}`,
    remedy: `Set the key it was encrypted with. If the change is meant, delete ${SYSTEM_IDENTIFIER_KEY} from the archive: the next push writes it anew. What is there already stays as it is, and needs its own key.`,
  });
}
