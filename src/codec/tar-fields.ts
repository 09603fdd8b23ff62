/**
 * Tar headers as they are read: USTAR, GNU and V7 blocks, and PAX records.
 *
 * Source: POSIX.1 `pax`; GNU tar manual, "Basic Tar Format" (magic, base-256 numbers).
 *
 * @module
 */

import { corrupt } from './corrupt.ts';
import { TAR_TYPE_FLAGS, tarChecksum, type TarEntryType } from './tar-header.ts';

/** One header block. */
export interface TarBlock {
  readonly name: string;
  /** `extended`: its content says something about the next entry. `unsupported`: a sparse file, or a kind nobody knows. */
  readonly kind: TarEntryType | TarExtension | 'unsupported';
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkName: string;
}

/** Blocks about other blocks: PAX records for one entry or for all, a GNU long name, a GNU long link. */
export type TarExtension = 'paxRecords' | 'paxGlobalRecords' | 'gnuLongName' | 'gnuLongLink';

/** What PAX records may say. */
export type PaxRecords = ReadonlyMap<string, string>;

const KINDS: ReadonlyMap<string, TarBlock['kind']> = new Map<string, TarBlock['kind']>([
  ['\0', 'file'],
  ['7', 'file'],
  ['x', 'paxRecords'],
  ['g', 'paxGlobalRecords'],
  ['L', 'gnuLongName'],
  ['K', 'gnuLongLink'],
  ['0', 'file'],
  ['1', 'link'],
  ['2', 'symlink'],
  ['3', 'characterDevice'],
  ['4', 'blockDevice'],
  ['5', 'directory'],
  ['6', 'fifo'],
]);

/** Where a block is, for messages. */
interface At {
  readonly object: string;
  readonly offset: number;
}

/** Reads one header block of 512 bytes. @throws {Failure} `corrupt` if its checksum is wrong or a number is none. */
export function parseTarBlock(block: Buffer, at: At): TarBlock {
  const checksum = number(block, 148, 8, 'checksum', at);
  if (checksum !== tarChecksum(block)) throw corrupt(at.object, 'the checksum of a tar header is wrong', at.offset);
  const flag = text(block, 156, 1) || '\0';
  const name = text(block, 0, 100);
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const isOldDirectory = flag === '\0' && name.endsWith('/');
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    kind: isOldDirectory ? 'directory' : (KINDS.get(flag) ?? 'unsupported'),
    sizeBytes: number(block, 124, 12, 'size', at),
    mode: number(block, 100, 8, 'mode', at),
    uid: number(block, 108, 8, 'uid', at),
    gid: number(block, 116, 8, 'gid', at),
    mtimeSeconds: number(block, 136, 12, 'mtime', at),
    linkName: text(block, 157, 100),
  };
}

/** True if an entry of this kind is followed by content. Others have none, whatever their size field says. */
export function hasTarContent(kind: TarBlock['kind']): boolean {
  return kind === 'file' || !(kind in TAR_TYPE_FLAGS);
}

function text(block: Buffer, from: number, lengthBytes: number): string {
  const field = block.subarray(from, from + lengthBytes);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? lengthBytes : end);
}

function number(block: Buffer, from: number, lengthBytes: number, what: string, at: At): number {
  const isBase256 = (block.readUInt8(from) & 0x80) !== 0;
  const value = isBase256 ? base256(block, from, lengthBytes) : octal(block, from, lengthBytes);
  if (Number.isSafeInteger(value)) return value;
  throw corrupt(at.object, `the ${what} of a tar entry is not a number`, at.offset);
}

function octal(block: Buffer, from: number, lengthBytes: number): number {
  const digits = text(block, from, lengthBytes).trim();
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** GNU's form for large numbers: big endian after a marker bit. Negative ones are not used for anything we read. */
function base256(block: Buffer, from: number, lengthBytes: number): number {
  if ((block.readUInt8(from) & 0x7f) !== 0) return Number.NaN;
  const high = block.readUIntBE(from + 1, lengthBytes - 7);
  return high * 2 ** 48 + block.readUIntBE(from + lengthBytes - 6, 6);
}

/**
 * Reads PAX records: `<length> <key>=<value>\n`, one after another.
 *
 * @throws {Failure} `corrupt` if they do not fill `content` exactly, or describe a sparse file.
 */
export function parsePaxRecords(content: Buffer, at: At): PaxRecords {
  const records = new Map<string, string>();
  let start = 0;
  while (start < content.length) {
    const space = content.indexOf(0x20, start);
    const digits = content.toString('latin1', start, space === -1 ? start : Math.min(space, start + 10));
    const end = start + (/^[1-9]\d{0,8}$/.test(digits) ? Number.parseInt(digits, 10) : 0);
    // Without a space there is no record, and no length to go on by.
    const record = space === -1 ? '' : content.toString('utf8', space + 1, Math.max(end, space + 1));
    const equals = record.indexOf('=');
    if (end > content.length || equals < 1 || !record.endsWith('\n')) {
      throw corrupt(at.object, 'a PAX record is malformed', at.offset + start);
    }
    records.set(record.slice(0, equals), record.slice(equals + 1, -1));
    start = end;
  }
  const isSparse = [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
  if (isSparse) throw corrupt(at.object, 'it holds a sparse file, which no backup does', at.offset);
  return records;
}

/** A PAX record's number: whole, not negative; a fraction of a second is cut. `undefined` if there is no such record. */
export function paxNumber(records: PaxRecords, key: string, at: At): number | undefined {
  const value = records.get(key);
  if (value === undefined || value === '') return undefined;
  const whole = /^(\d{1,16})(?:\.\d*)?$/.exec(value)?.[1];
  const parsed = Number(whole);
  if (whole !== undefined && Number.isSafeInteger(parsed)) return parsed;
  throw corrupt(at.object, `the PAX record ${key} is not a number`, at.offset);
}
