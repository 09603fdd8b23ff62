/**
 * Snapshots of the catalogs in the archive: `walkback_001/names/<timeline>/<high>-<low>`, by the LSN they were taken at.
 *
 * ```
 * 0   8  "WBNAMES" and the format's version as one byte
 * 8   4  bytes of the JSON (little-endian)
 * 12  4  CRC-32C of the JSON
 * 16     the JSON, as one zstd frame
 * ```
 *
 * Everything works without them. One that is damaged, of a later format, or of another cluster is passed over.
 *
 * @module
 */

import { Failure, messageOf } from '../base/failure.ts';
import { corrupt } from '../codec/corrupt.ts';
import { zstdCompressWhole, zstdDecompressWhole } from '../codec/zstd.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import { crc32c } from '../postgres/crc32c.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { formatCatalogSnapshot, parseCatalogSnapshot } from './catalog-snapshot-json.ts';

/** Where they are. */
export const NAMES_FOLDER = 'walkback_001/names/';

const MAGIC = Buffer.from('WBNAMES\x01', 'latin1');
const HEADER_BYTES = 16;
/** Some millions of relations; V8 holds no text of more than 512 MiB. */
const MAX_JSON_BYTES = 400 * 1024 * 1024;
const COMPRESSION_LEVEL = 3;
const KEY = /^([0-9A-F]{8})\/([0-9A-F]{8})-([0-9A-F]{8})$/;

/** Where a snapshot stands. */
export interface SnapshotPlace {
  readonly key: string;
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly sizeBytes: number;
}

function hex(value: bigint | number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** The key of a snapshot. */
export function catalogSnapshotKey(timeline: number, position: Lsn): string {
  return `${NAMES_FOLDER}${hex(timeline)}/${hex(position >> 32n)}-${hex(position & 0xffff_ffffn)}`;
}

/** Writes a snapshot. @returns its key. @throws {Failure} `refused` if it is too large, and what the store throws. */
export async function writeCatalogSnapshot(
  store: ObjectStore,
  snapshot: CatalogSnapshot,
  options: CallOptions = {},
): Promise<string> {
  const json = Buffer.from(formatCatalogSnapshot(snapshot));
  if (json.length > MAX_JSON_BYTES) {
    throw new Failure('refused', {
      message: `cannot write a snapshot of the catalogs: ${json.length} bytes are more than it may have`,
      remedy: 'Names are then followed in the WAL alone, or asked of a server with --names-from.',
    });
  }
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(json.length, 8);
  header.writeUInt32LE(crc32c(json), 12);
  const key = catalogSnapshotKey(snapshot.timeline, snapshot.lsn);
  await store.put(key, Buffer.concat([header, await zstdCompressWhole(json, COMPRESSION_LEVEL)]), options);
  return key;
}

/** The snapshots that an archive has, in the order of timelines and LSNs. */
export async function listCatalogSnapshots(store: ObjectStore, options: CallOptions = {}): Promise<SnapshotPlace[]> {
  const places: SnapshotPlace[] = [];
  for await (const { key, sizeBytes } of store.list(NAMES_FOLDER, options)) {
    const [, timeline, high, low] = KEY.exec(key.slice(NAMES_FOLDER.length)) ?? [];
    if (timeline === undefined) continue;
    const position = lsn(BigInt(`0x${high}${low}`));
    places.push({ key, timeline: Number.parseInt(timeline, 16), lsn: position, sizeBytes });
  }
  return places;
}

/** Reads the bytes of a snapshot. @throws {Failure} `corrupt`, and `refused` for a later format. */
export async function decodeCatalogSnapshot(bytes: Buffer, key: string): Promise<CatalogSnapshot> {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 7).equals(MAGIC.subarray(0, 7))) {
    throw corrupt(key, 'it does not begin as a snapshot of the catalogs does', 0);
  }
  if (bytes[7] !== MAGIC[7]) {
    throw new Failure('refused', {
      message: `cannot read ${key}: format ${bytes[7]} is of a later walkback`,
      remedy: 'Use that release, or let names be followed in the WAL.',
    });
  }
  const jsonBytes = bytes.readUInt32LE(8);
  if (jsonBytes > MAX_JSON_BYTES) throw corrupt(key, 'it claims more bytes than it may hold', 8);
  const json = await zstdDecompressWhole(bytes.subarray(HEADER_BYTES), { maxBytes: jsonBytes, object: key });
  if (json.length !== jsonBytes || crc32c(json) !== bytes.readUInt32LE(12)) {
    throw corrupt(key, 'its contents do not have their length or checksum', HEADER_BYTES);
  }
  return parseCatalogSnapshot(json.toString('utf8'), key);
}

/**
 * Reads a snapshot; one that cannot be used is told and passed over.
 *
 * @throws {Failure} what the store throws.
 */
export async function readCatalogSnapshot(
  store: ObjectStore,
  place: SnapshotPlace,
  onWarning: (message: string) => void,
  options: CallOptions = {},
): Promise<CatalogSnapshot | undefined> {
  const bytes = place.sizeBytes > MAX_JSON_BYTES ? undefined : await store.get(place.key, options);
  if (bytes === undefined) return undefined;
  try {
    const snapshot = await decodeCatalogSnapshot(bytes, place.key);
    if (snapshot.timeline === place.timeline && snapshot.lsn === place.lsn) return snapshot;
    onWarning(`${place.key} is passed over: it is the snapshot of another position`);
  } catch (error) {
    onWarning(messageOf(error));
  }
  return undefined;
}
