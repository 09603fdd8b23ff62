/**
 * The objects in which it is written down what was proven.
 *
 * ```
 * walkback_001/verified/wal/<TIMELINE>/<HIGH>.json        segments, 4 GiB of WAL an object
 * walkback_001/verified/backups/base_<DASHED>.json        the objects of a backup
 * ```
 *
 * `{ "version": 1, "proven": { NAME: [sizeBytes, modifiedMs, provenMs], … }, … }`. They can be deleted at any time: what
 * they tell is then proven again. One that cannot be read counts as absent.
 *
 * @module
 */

import { OWN_FOLDER, dashedName } from '../backup/own-objects.ts';
import { isFailure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { parseBackupName } from '../walg/backup-names.ts';
import { packFingerprint, unpackFingerprint, type Fingerprint } from './fingerprint.ts';

/** Folder of all of it. */
export const VERIFIED_FOLDER = `${OWN_FOLDER}verified/`;
const WAL_LEDGERS_FOLDER = `${VERIFIED_FOLDER}wal/`;

const BACKUP_LEDGERS_FOLDER = `${VERIFIED_FOLDER}backups/`;

const VERSION = 1;
/** A backup of 100 TB has 100 000 parts; a chunk of WAL 4096 segments at most. */
const MAX_LEDGER_BYTES = 64 * 1024 * 1024;

/** The ledger of 4 GiB of a timeline's WAL; `high` is the upper half of LSNs. */
export function walLedgerKey(timeline: number, high: string): string {
  return `${walLedgerFolder(timeline)}${high}.json`;
}

/** Folder of a timeline's ledgers. */
export function walLedgerFolder(timeline: number): string {
  return `${WAL_LEDGERS_FOLDER}${timeline.toString(16).toUpperCase().padStart(8, '0')}/`;
}

/** The timeline and upper half that a ledger is of; `undefined` for any other key. */
export function parseWalLedgerKey(key: string): { timeline: number; high: string } | undefined {
  const [, timeline, high] = /^walkback_001\/verified\/wal\/([0-9A-F]{8})\/([0-9A-F]{8})\.json$/.exec(key) ?? [];
  return timeline === undefined || high === undefined ? undefined : { timeline: Number.parseInt(timeline, 16), high };
}

/** The ledger of a backup. */
export function backupLedgerKey(backupName: string): string {
  return `${BACKUP_LEDGERS_FOLDER}${dashedName(backupName)}.json`;
}

/** The backup that a ledger is of; `undefined` for any other key. */
export function backupOfLedgerKey(key: string): string | undefined {
  if (!key.startsWith(BACKUP_LEDGERS_FOLDER) || !key.endsWith('.json')) return undefined;
  const name = key.slice(BACKUP_LEDGERS_FOLDER.length, -'.json'.length).replaceAll('-', '');
  return parseBackupName(name) === undefined ? undefined : name;
}

/** What such an object says: what was proven, and what else was written down. */
export interface LedgerContent {
  readonly proven: ReadonlyMap<string, Fingerprint>;
  readonly more: Readonly<Record<string, unknown>>;
}

const NOTHING: LedgerContent = { proven: new Map(), more: {} };

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads one. What cannot be read, or is of a later version, says nothing. @throws what the store throws. */
export async function readLedgerObject(
  store: ObjectStore,
  key: string,
  options: CallOptions = {},
): Promise<LedgerContent> {
  const range = { startByte: 0, lengthBytes: MAX_LEDGER_BYTES + 1 };
  const bytes = await store.get(key, { ...options, range });
  return bytes === undefined || bytes.length > MAX_LEDGER_BYTES ? NOTHING : parseLedger(bytes);
}

function parseLedger(bytes: Buffer): LedgerContent {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isRecord(value) || value['version'] !== VERSION || !isRecord(value['proven'])) return NOTHING;
    const proven = new Map<string, Fingerprint>();
    for (const [name, packed] of Object.entries(value['proven'])) {
      const fingerprint = unpackFingerprint(packed);
      if (fingerprint !== undefined) proven.set(name, fingerprint);
    }
    return { proven, more: value };
  } catch {
    return NOTHING;
  }
}

/** Writes one. False if nobody may write here: an archive can be verified with credentials that only read. */
export async function writeLedgerObject(
  store: ObjectStore,
  key: string,
  { proven, more }: LedgerContent,
  options: CallOptions = {},
): Promise<boolean> {
  const packed = Object.fromEntries([...proven].map(([name, one]) => [name, packFingerprint(one)]));
  const body = Buffer.from(`${JSON.stringify({ ...more, version: VERSION, proven: packed })}\n`);
  try {
    await store.put(key, body, options);
    return true;
  } catch (error) {
    if (isFailure(error, 'denied')) return false;
    throw error;
  }
}
