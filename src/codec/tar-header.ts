/**
 * Tar headers as we write them: USTAR, and a PAX record before it for what does not fit there.
 *
 * A name is written as given: a directory's gets no slash at its end, because WAL-G looks names up exactly as it listed
 * them. Times are whole seconds.
 *
 * Source: POSIX.1 `pax`, "ustar Interchange Format" and "pax Interchange Format".
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** What an entry is. */
export type TarEntryType = 'file' | 'directory' | 'symlink' | 'link' | 'characterDevice' | 'blockDevice' | 'fifo';

/** What is told about an entry. */
export interface TarHeader {
  readonly name: string;
  readonly type: TarEntryType;
  /** Bytes of content that follow; 0 for all but files. */
  readonly sizeBytes: number;
  /** Permission bits, `0o600`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  /** Where a link points. */
  readonly linkName?: string;
}

/** A tar is a sequence of blocks of this size. */
export const TAR_BLOCK_BYTES = 512;

/** The end of a tar: two blocks of zeros. */
export const TAR_END: Buffer = Buffer.alloc(2 * TAR_BLOCK_BYTES);

/** Type flags, in the header's byte 156. */
export const TAR_TYPE_FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  characterDevice: '3',
  blockDevice: '4',
  directory: '5',
  fifo: '6',
};

const PAX_FLAG = 'x';
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;
/** Octal digits of the id fields, and of size and time. */
const ID_DIGITS = 7;
const SIZE_DIGITS = 11;
const ASCII = /^[\x20-\x7e]*$/;

/** Zeros from the end of `sizeBytes` of content to the next block. */
export function tarPadding(sizeBytes: number): Buffer {
  return TAR_END.subarray(0, tarPaddingBytes(sizeBytes));
}

/** How many they are. */
export function tarPaddingBytes(sizeBytes: number): number {
  const over = sizeBytes % TAR_BLOCK_BYTES;
  return over === 0 ? 0 : TAR_BLOCK_BYTES - over;
}

/** The sum of a header's bytes, its checksum field taken as spaces. */
export function tarChecksum(block: Buffer): number {
  let sum = 0;
  for (const byte of block.subarray(0, CHECKSUM_AT)) sum += byte;
  for (const byte of block.subarray(CHECKSUM_AT + CHECKSUM_BYTES, TAR_BLOCK_BYTES)) sum += byte;
  return sum + CHECKSUM_BYTES * 0x20;
}

/** Everything that goes before an entry's content: one block, or more if PAX records are needed. @throws {Failure} `refused` for a name with a NUL in it. */
export function tarHeader(entry: TarHeader): Buffer {
  if (entry.name.includes('\0') || entry.name === '') {
    throw new Failure('refused', {
      message: `cannot write a tar entry named ${JSON.stringify(entry.name)}`,
      remedy: 'Rename the file; no archive format can hold such a name.',
    });
  }
  const split = splitName(entry.name);
  const records = paxRecords(entry, split !== undefined);
  const block = ustarBlock(entry, TAR_TYPE_FLAGS[entry.type], split ?? { prefix: '', name: asciiCut(entry.name) });
  return records.length === 0 ? block : Buffer.concat([...paxBlocks(entry, records), block]);
}

function paxRecords(entry: TarHeader, isNameSplit: boolean): Buffer[] {
  const records: Buffer[] = [];
  const link = entry.linkName ?? '';
  if (!isNameSplit) records.push(paxRecord('path', entry.name));
  if (!fitsField(link, NAME_BYTES)) records.push(paxRecord('linkpath', link));
  if (entry.sizeBytes >= 8 ** SIZE_DIGITS) records.push(paxRecord('size', String(entry.sizeBytes)));
  if (!fitsOctal(entry.uid, ID_DIGITS)) records.push(paxRecord('uid', String(entry.uid)));
  if (!fitsOctal(entry.gid, ID_DIGITS)) records.push(paxRecord('gid', String(entry.gid)));
  if (!fitsOctal(entry.mtimeSeconds, SIZE_DIGITS)) records.push(paxRecord('mtime', String(entry.mtimeSeconds)));
  return records;
}

function paxBlocks(entry: TarHeader, records: readonly Buffer[]): Buffer[] {
  const body = Buffer.concat(records);
  const about: TarHeader = {
    ...entry,
    type: 'file',
    sizeBytes: body.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    linkName: '',
  };
  const name = asciiCut(`PaxHeaders.0/${entry.name.slice(entry.name.lastIndexOf('/') + 1)}`);
  return [ustarBlock(about, PAX_FLAG, { prefix: '', name }), body, tarPadding(body.length)];
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): Buffer {
  const restBytes = Buffer.byteLength(` ${key}=${value}\n`);
  let lengthBytes = restBytes + String(restBytes).length;
  if (restBytes + String(lengthBytes).length !== lengthBytes) lengthBytes += 1;
  return Buffer.from(`${lengthBytes} ${key}=${value}\n`);
}

function fitsField(text: string, fieldBytes: number): boolean {
  return ASCII.test(text) && text.length <= fieldBytes;
}

function fitsOctal(value: number, digits: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 8 ** digits;
}

/** The name in the header's two fields, cut at a slash; `undefined` if it fits in no way. */
function splitName(name: string): { prefix: string; name: string } | undefined {
  if (fitsField(name, NAME_BYTES)) return { prefix: '', name };
  if (!ASCII.test(name)) return undefined;
  const slash = name.lastIndexOf('/', PREFIX_BYTES);
  const rest = name.slice(slash + 1);
  const isSplit = slash > 0 && rest.length > 0 && rest.length <= NAME_BYTES;
  return isSplit ? { prefix: name.slice(0, slash), name: rest } : undefined;
}

/** What of a name goes into the plain header, for readers that do not know PAX. */
function asciiCut(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '').slice(0, NAME_BYTES);
}

function ustarBlock(entry: TarHeader, flag: string, split: { prefix: string; name: string }): Buffer {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  block.write(split.name, 0, NAME_BYTES, 'latin1');
  block.write(octal(entry.mode & 0o7777, ID_DIGITS), 100, 'latin1');
  block.write(octal(entry.uid, ID_DIGITS), 108, 'latin1');
  block.write(octal(entry.gid, ID_DIGITS), 116, 'latin1');
  block.write(octal(entry.sizeBytes, SIZE_DIGITS), 124, 'latin1');
  block.write(octal(entry.mtimeSeconds, SIZE_DIGITS), 136, 'latin1');
  block.write(flag, 156, 'latin1');
  block.write(asciiCut(entry.linkName ?? ''), 157, NAME_BYTES, 'latin1');
  block.write('ustar\0' + '00', 257, 'latin1');
  block.write(split.prefix, 345, PREFIX_BYTES, 'latin1');
  block.write(`${tarChecksum(block).toString(8).padStart(6, '0')}\0 `, CHECKSUM_AT, 'latin1');
  return block;
}

/** A number for a field; 0 if it does not fit, as a PAX record then holds it. */
function octal(value: number, digits: number): string {
  return (fitsOctal(value, digits) ? value : 0).toString(8).padStart(digits, '0');
}
