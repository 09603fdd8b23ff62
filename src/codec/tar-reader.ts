/**
 * Reads a tar as it arrives.
 *
 * Read: USTAR, PAX, GNU long names and large numbers, V7. As WAL-G's streaming backups leave them out, the end blocks
 * may be missing, and the padding of the last entry. Refused: anything but zeros after the end, a header with a wrong
 * checksum, sparse files, an end inside a header or inside an entry.
 *
 * Names are given as they are stored; whether one may be written where it says is for the caller to judge.
 *
 * Source: POSIX.1 `pax`; WAL-G `internal/databases/postgres/tarball_streamer.go`, `tar_interpreter.go`.
 *
 * @module
 */

import { ByteSource } from './byte-source.ts';
import { corrupt } from './corrupt.ts';
import {
  hasTarContent,
  parsePaxRecords,
  parseTarBlock,
  paxNumber,
  type PaxRecords,
  type TarBlock,
} from './tar-fields.ts';
import { TAR_BLOCK_BYTES, TAR_TYPE_FLAGS, tarPaddingBytes, type TarEntryType } from './tar-header.ts';

/** One entry. */
export interface TarEntry {
  readonly name: string;
  readonly type: TarEntryType;
  /** Bytes of content; 0 for all but files. */
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  /** Where a link says it points; empty for all others. */
  readonly linkName: string;
  /** Exactly `sizeBytes` of content, in pieces; read it before the next entry is asked for, or it is skipped. */
  readonly body: AsyncIterable<Buffer>;
}

/** Names and PAX records longer than this are no names. */
const MAX_EXTENSION_BYTES = 1024 * 1024;
const PIECE_BYTES = 1024 * 1024;
const ZEROS = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (!part.equals(ZEROS.subarray(0, part.length))) return false;
  }
  return true;
}

/** The entries of a tar, in order. @throws {Failure} `corrupt`, naming the object and the byte. */
export async function* readTar(source: AsyncIterable<Uint8Array>, object: string): AsyncGenerator<TarEntry> {
  const input = new ByteSource(source);
  const next = new Description();
  try {
    for (;;) {
      const offset = input.offset;
      const block = await nextBlock(input, object);
      if (block === undefined) {
        if (next.isPending) throw corrupt(object, 'it ends between a tar entry and what describes it', offset);
        return;
      }
      if (await next.extend(block, input, object, offset)) continue;
      const entry = next.complete(block, { object, offset });
      const body = new Body(input, entry.sizeBytes, object);
      yield { ...entry, body };
      await body.skipRest();
    }
  } finally {
    await input.close();
  }
}

/** The next header block; `undefined` at the end, after proving that only zeros follow it. */
async function nextBlock(input: ByteSource, object: string): Promise<TarBlock | undefined> {
  const offset = input.offset;
  const bytes = await input.take(TAR_BLOCK_BYTES);
  if (bytes.length === 0) return undefined;
  if (isZero(bytes)) {
    await expectOnlyZeros(input, object);
    return undefined;
  }
  if (bytes.length < TAR_BLOCK_BYTES) throw corrupt(object, 'it ends inside a tar header', offset);
  return parseTarBlock(bytes, { object, offset });
}

async function expectOnlyZeros(input: ByteSource, object: string): Promise<void> {
  for (;;) {
    const offset = input.offset;
    const rest = await input.takeSome(PIECE_BYTES);
    if (rest.length === 0) return;
    if (!isZero(rest)) throw corrupt(object, 'something follows the end of the tar', offset);
  }
}

/** What blocks before an entry's own said about it. */
class Description {
  #name: string | undefined;
  #linkName: string | undefined;
  #records: PaxRecords = new Map();
  #globalRecords: PaxRecords = new Map();

  get isPending(): boolean {
    return this.#name !== undefined || this.#linkName !== undefined || this.#records.size > 0;
  }

  /** Takes in a block about another; `false` if this one is an entry's own. */
  async extend(block: TarBlock, input: ByteSource, object: string, offset: number): Promise<boolean> {
    switch (block.kind) {
      case 'paxRecords':
        this.#records = parsePaxRecords(await extension(block, input, object), {
          object,
          offset: offset + TAR_BLOCK_BYTES,
        });
        return true;
      case 'paxGlobalRecords': {
        const records = parsePaxRecords(await extension(block, input, object), {
          object,
          offset: offset + TAR_BLOCK_BYTES,
        });
        this.#globalRecords = new Map([...this.#globalRecords, ...records]);
        return true;
      }
      case 'gnuLongName':
        this.#name = untilNul(await extension(block, input, object));
        return true;
      case 'gnuLongLink':
        this.#linkName = untilNul(await extension(block, input, object));
        return true;
      default:
        return false;
    }
  }

  /** The entry, with everything said about it; what was said is then forgotten. */
  complete(block: TarBlock, at: { object: string; offset: number }): Omit<TarEntry, 'body'> {
    const records: PaxRecords = new Map([...this.#globalRecords, ...this.#records]);
    const name = records.get('path') ?? this.#name ?? block.name;
    const linkName = records.get('linkpath') ?? this.#linkName ?? block.linkName;
    const type = entryType(block.kind);
    if (type === undefined) throw corrupt(at.object, 'a tar entry is of a kind no backup holds', at.offset);
    if (name === '' || name.includes('\0')) throw corrupt(at.object, 'a tar entry has no valid name', at.offset);
    this.#name = undefined;
    this.#linkName = undefined;
    this.#records = new Map();
    return {
      name,
      type,
      sizeBytes: hasTarContent(block.kind) ? (paxNumber(records, 'size', at) ?? block.sizeBytes) : 0,
      mode: block.mode & 0o7777,
      uid: paxNumber(records, 'uid', at) ?? block.uid,
      gid: paxNumber(records, 'gid', at) ?? block.gid,
      mtimeSeconds: paxNumber(records, 'mtime', at) ?? block.mtimeSeconds,
      linkName,
    };
  }
}

function entryType(kind: TarBlock['kind']): TarEntryType | undefined {
  return isEntryType(kind) ? kind : undefined;
}

function isEntryType(kind: TarBlock['kind']): kind is TarEntryType {
  return kind in TAR_TYPE_FLAGS;
}

async function extension(block: TarBlock, input: ByteSource, object: string): Promise<Buffer> {
  const offset = input.offset;
  if (block.sizeBytes > MAX_EXTENSION_BYTES) {
    throw corrupt(object, `a tar entry's description claims ${block.sizeBytes} bytes`, offset);
  }
  const stored = await input.take(block.sizeBytes + tarPaddingBytes(block.sizeBytes));
  if (stored.length < block.sizeBytes) throw corrupt(object, 'it ends inside a tar header', offset);
  return stored.subarray(0, block.sizeBytes);
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

/** The content of one entry. */
class Body implements AsyncIterable<Buffer> {
  readonly #input: ByteSource;
  readonly #sizeBytes: number;
  readonly #object: string;
  #leftBytes: number;

  constructor(input: ByteSource, sizeBytes: number, object: string) {
    this.#input = input;
    this.#sizeBytes = sizeBytes;
    this.#leftBytes = sizeBytes;
    this.#object = object;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    while (this.#leftBytes > 0) yield await this.#next();
  }

  async #next(): Promise<Buffer> {
    const piece = await this.#input.takeSome(Math.min(this.#leftBytes, PIECE_BYTES));
    if (piece.length === 0) throw corrupt(this.#object, 'it ends inside a tar entry', this.#input.offset);
    this.#leftBytes -= piece.length;
    return piece;
  }

  /** Goes to the next entry's header. The padding of the last entry may be missing. */
  async skipRest(): Promise<void> {
    while (this.#leftBytes > 0) await this.#next();
    await this.#input.take(tarPaddingBytes(this.#sizeBytes));
  }
}
