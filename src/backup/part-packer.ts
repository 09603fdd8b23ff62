/**
 * Packs one part: reads files, verifies page checksums, lays them out as a tar, and compresses it, in one pass over one
 * buffer.
 *
 * The tar is cut into frames of about {@link FRAME_BYTES}: a frame holds whole entries, or a piece of one large entry,
 * never pieces of two. So one file can be read back by its frames alone. What a frame holds is in the part's index.
 *
 * A tar declares a file's size before its bytes: a file that shrinks meanwhile is filled up with zeros, one that grows is
 * cut, one that vanishes is left out. All three are normal for a running server; replay puts them right.
 *
 * Runs on a worker thread and waits for nothing but the disk.
 *
 * Source: WAL-G `internal/databases/postgres/tar_ball_file_packer.go`.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import { TAR_END, tarHeader } from '../codec/tar-header.ts';
import { createPageVerifier, type PageVerifier } from '../postgres/page-checksum.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import type { StoredEntry } from './data-directory.ts';
import type { FrameEncoder } from './frame-encoder.ts';
import { PageCheck, type PageFindings } from './page-check.ts';

/** How much of the tar goes into one frame, tar headers not counted. A multiple of the page size. */
export const FRAME_BYTES = 2 * 1024 * 1024;

const TAR_BLOCK_BYTES = 512;
/** Room for headers beside {@link FRAME_BYTES}; a name too long for one block takes three. */
const HEADER_ROOM_BYTES = 64 * 1024;
const NS_PER_SECOND = 1_000_000_000n;

/** One entry as it was stored. */
export interface PackedEntry {
  readonly name: string;
  readonly sizeBytes: number;
  /** Where its header is in the part's uncompressed tar. */
  readonly tarOffset: number;
  readonly mtimeNs: bigint;
  /** How the file differed from its size while it was read. */
  readonly changed?: 'shrank' | 'grew';
  readonly pages?: PageFindings;
}

/** One frame: lengths as stored and as tar. */
export interface PackedFrame {
  readonly storedBytes: number;
  readonly tarBytes: number;
}

/** What became of a part. */
export interface PackedPart {
  readonly entries: readonly PackedEntry[];
  /** Entries whose files were gone. */
  readonly vanished: readonly string[];
  readonly frames: readonly PackedFrame[];
  /** Sum of the entries' sizes. */
  readonly payloadBytes: number;
  readonly storedBytes: number;
}

/** How pages are to be verified; absent: not at all. */
export interface PageVerification {
  /** Pages changed at or after this are allowed to be torn: replay writes them whole. */
  readonly startLsn: bigint;
  readonly blocksPerSegment: number;
}

/** The buffers of one worker, used again for every part. */
export class PartPacker {
  readonly #verifier: PageVerifier = createPageVerifier(FRAME_BYTES + HEADER_ROOM_BYTES);
  readonly #buffer: Buffer = Buffer.from(this.#verifier.memory.buffer, 0, this.#verifier.memory.length);
  readonly #emit: (frame: Buffer, tarBytes: number) => void;
  readonly #verification: PageVerification | undefined;
  #encoder: FrameEncoder | undefined;
  #fill = 0;
  #tarOffset = 0;
  #frames: PackedFrame[] = [];

  /** @param emit takes each frame as it is ready; it may keep it. */
  constructor(verification: PageVerification | undefined, emit: (frame: Buffer, tarBytes: number) => void) {
    this.#verification = verification;
    this.#emit = emit;
  }

  /**
   * Packs one part. It stops now and then, so that its thread can have a turn of its event loop: native memory of
   * `lz4-napi` is given back only there.
   */
  *pack(entries: readonly StoredEntry[], encoder: FrameEncoder): Generator<undefined, PackedPart> {
    this.#encoder = encoder;
    this.#fill = 0;
    this.#tarOffset = 0;
    this.#frames = [];
    const packed: PackedEntry[] = [];
    const vanished: string[] = [];
    for (const entry of entries) {
      const result = entry.type === 'directory' ? this.#packDirectory(entry) : yield* this.#packFile(entry);
      yield;
      if (result === undefined) vanished.push(entry.name);
      else packed.push(result);
    }
    this.#finish(encoder);
    return {
      entries: packed,
      vanished,
      frames: this.#frames,
      payloadBytes: packed.reduce((sum, entry) => sum + entry.sizeBytes, 0),
      storedBytes: this.#frames.reduce((sum, frame) => sum + frame.storedBytes, 0),
    };
  }

  #finish(encoder: FrameEncoder): void {
    this.#makeRoom(TAR_END.length);
    this.#append(TAR_END);
    this.#flush();
    const rest = encoder.end();
    if (rest.length > 0) this.#deliver(rest, 0);
  }

  #packDirectory(entry: StoredEntry): PackedEntry {
    const tarOffset = this.#startEntry(entry, 0, entry.mtimeNs, entry.mode);
    return { name: entry.name, sizeBytes: 0, tarOffset, mtimeNs: entry.mtimeNs };
  }

  *#packFile(entry: StoredEntry): Generator<undefined, PackedEntry | undefined> {
    const file = openUnlessVanished(entry.path);
    if (file === undefined) return undefined;
    try {
      const stats = fstatSync(file, { bigint: true });
      const sizeBytes = Number(stats.size);
      const tarOffset = this.#startEntry(entry, sizeBytes, stats.mtimeNs, Number(stats.mode & 0o7777n));
      const check = this.#pageCheckFor(entry, file);
      const changed = yield* this.#copyBody(file, sizeBytes, check);
      const pages = check?.findings();
      return {
        name: entry.name,
        sizeBytes,
        tarOffset,
        mtimeNs: stats.mtimeNs,
        ...(changed === undefined ? {} : { changed }),
        ...(pages === undefined ? {} : { pages }),
      };
    } finally {
      closeSync(file);
    }
  }

  #pageCheckFor(entry: StoredEntry, file: number): PageCheck | undefined {
    if (this.#verification === undefined || entry.relationSegment === undefined) return undefined;
    const firstBlock = entry.relationSegment * this.#verification.blocksPerSegment;
    return new PageCheck(this.#verifier, file, firstBlock, this.#verification.startLsn);
  }

  /** Writes the header, on a new frame if the entry does not fit behind what is there. Answers with its tar offset. */
  #startEntry(entry: StoredEntry, sizeBytes: number, mtimeNs: bigint, mode: number): number {
    const header = tarHeader({
      name: entry.name,
      type: entry.type,
      sizeBytes,
      mode,
      uid: entry.uid,
      gid: entry.gid,
      mtimeSeconds: Number(mtimeNs / NS_PER_SECOND),
    });
    this.#makeRoom(header.length + padded(sizeBytes));
    const tarOffset = this.#tarOffset + this.#fill;
    this.#append(header);
    return tarOffset;
  }

  *#copyBody(
    file: number,
    sizeBytes: number,
    check: PageCheck | undefined,
  ): Generator<undefined, PackedEntry['changed']> {
    const isLarge = this.#fill + padded(sizeBytes) > this.#buffer.length;
    let readBytes = 0;
    while (readBytes < sizeBytes) {
      const wanted = Math.min(FRAME_BYTES, sizeBytes - readBytes);
      const got = readFully(file, this.#buffer.subarray(this.#fill, this.#fill + wanted), readBytes);
      check?.checkPages(this.#fill, Math.floor(got / PAGE_SIZE_BYTES), readBytes / PAGE_SIZE_BYTES);
      this.#buffer.fill(0, this.#fill + got, this.#fill + wanted);
      this.#fill += wanted;
      readBytes += wanted;
      if (got < wanted) return this.#padOut(sizeBytes, readBytes, isLarge);
      if (isLarge && readBytes < sizeBytes) this.#flush();
      yield;
    }
    this.#padToBlock(sizeBytes);
    if (isLarge) this.#flush();
    return Number(fstatSync(file).size) > sizeBytes ? 'grew' : undefined;
  }

  /** Zeros for what a shrunken file no longer has. */
  #padOut(sizeBytes: number, fromByte: number, isLarge: boolean): 'shrank' {
    for (let at = fromByte; at < sizeBytes;) {
      this.#flush();
      const length = Math.min(FRAME_BYTES, sizeBytes - at);
      this.#buffer.fill(0, this.#fill, this.#fill + length);
      this.#fill += length;
      at += length;
    }
    this.#padToBlock(sizeBytes);
    if (isLarge) this.#flush();
    return 'shrank';
  }

  #padToBlock(sizeBytes: number): void {
    const end = this.#fill + padded(sizeBytes) - sizeBytes;
    this.#buffer.fill(0, this.#fill, end);
    this.#fill = end;
  }

  #makeRoom(lengthBytes: number): void {
    if (this.#fill + lengthBytes > this.#buffer.length) this.#flush();
    else if (this.#fill + lengthBytes > FRAME_BYTES && this.#fill > 0) this.#flush();
  }

  #append(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  #flush(): void {
    if (this.#fill === 0 || this.#encoder === undefined) return;
    const frame = this.#encoder.encode(this.#buffer.subarray(0, this.#fill));
    const tarBytes = this.#fill;
    this.#fill = 0;
    this.#tarOffset += tarBytes;
    this.#deliver(frame, tarBytes);
  }

  #deliver(frame: Buffer, tarBytes: number): void {
    this.#frames.push({ storedBytes: frame.length, tarBytes });
    this.#emit(frame, tarBytes);
  }
}

function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}

function openUnlessVanished(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads until `into` is full or the file ends; the number of bytes read. */
function readFully(file: number, into: Buffer, position: number): number {
  let got = 0;
  while (got < into.length) {
    const bytes = readSync(file, into, got, into.length - got, position + got);
    if (bytes === 0) break;
    got += bytes;
  }
  return got;
}
