/**
 * Packs one part: reads files, verifies page checksums, lays them out as a tar, and compresses it, in one pass over one
 * buffer.
 *
 * The tar is cut into frames (see {@link TarFrames}): a frame holds whole entries, or a piece of one large entry,
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

import { closeSync, fstatSync, openSync } from 'node:fs';

import { tarHeader } from '../codec/tar-header.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import type { StoredEntry } from './data-directory.ts';
import type { FrameEncoder } from './frame-encoder.ts';
import { ChangedBlocksReader, incrementSizeBytes, packIncrement } from './increment-packer.ts';
import { mergeFindings, PageCheck, type PageFindings } from './page-check.ts';
import { readFully } from './read-fully.ts';
import { FRAME_BYTES, padded, TarFrames, type PackedFrame } from './tar-frames.ts';

const NS_PER_SECOND = 1_000_000_000n;

/** One entry as it was stored. */
export interface PackedEntry {
  readonly name: string;
  readonly sizeBytes: number;
  /** Where its header is in the part's uncompressed tar. */
  readonly tarOffset: number;
  readonly mtimeNs: bigint;
  /** True if it is an increment on the parent backup's file. */
  readonly isIncremented?: true;
  /** How the file differed from its size while it was read. */
  readonly changed?: 'shrank' | 'grew';
  readonly pages?: PageFindings;
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

/** Who is told of what is going on. */
export interface PackingListener {
  /** Takes each frame as it is ready; it may keep it. */
  readonly onFrame: (frame: Buffer, tarBytes: number) => void;
  /** Told of bytes that were read only to see what has changed. */
  readonly onScanned?: (bytes: number) => void;
}

/** The buffers of one worker, used again for every part. */
export class PartPacker {
  readonly #frames: TarFrames;
  readonly #verification: PageVerification | undefined;
  readonly #onScanned: (bytes: number) => void;
  #changes: ChangedBlocksReader | undefined;

  constructor(verification: PageVerification | undefined, { onFrame, onScanned }: PackingListener) {
    this.#verification = verification;
    this.#frames = new TarFrames(onFrame);
    this.#onScanned = onScanned ?? (() => {});
  }

  /**
   * Packs one part. It stops now and then, so that its thread can have a turn of its event loop: native memory of
   * `lz4-napi` is given back only there.
   */
  *pack(entries: readonly StoredEntry[], encoder: FrameEncoder): Generator<undefined, PackedPart> {
    this.#frames.start(encoder);
    const packed: PackedEntry[] = [];
    const vanished: string[] = [];
    for (const entry of entries) {
      const result = entry.type === 'directory' ? this.#packDirectory(entry) : yield* this.#packFile(entry);
      yield;
      if (result === undefined) vanished.push(entry.name);
      else packed.push(result);
    }
    const frames = this.#frames.finish();
    return {
      entries: packed,
      vanished,
      frames,
      payloadBytes: packed.reduce((sum, entry) => sum + entry.sizeBytes, 0),
      storedBytes: frames.reduce((sum, frame) => sum + frame.storedBytes, 0),
    };
  }

  #packDirectory(entry: StoredEntry): PackedEntry {
    const tarOffset = this.#startEntry(entry, 0, entry.mtimeNs, entry.mode);
    return { name: entry.name, sizeBytes: 0, tarOffset, mtimeNs: entry.mtimeNs };
  }

  *#packFile(entry: StoredEntry): Generator<undefined, PackedEntry | undefined> {
    const file = openUnlessVanished(entry.path);
    if (file === undefined) return undefined;
    try {
      return (yield* this.#packAsIncrement(entry, file)) ?? (yield* this.#packWhole(entry, file));
    } finally {
      closeSync(file);
    }
  }

  *#packWhole(entry: StoredEntry, file: number): Generator<undefined, PackedEntry> {
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
  }

  /** `undefined` if it is not to be one. */
  *#packAsIncrement(entry: StoredEntry, file: number): Generator<undefined, PackedEntry | undefined> {
    if (entry.increment === undefined) return undefined;
    const stats = fstatSync(file, { bigint: true });
    const fileSizeBytes = Number(stats.size);
    if (fileSizeBytes === 0 || fileSizeBytes % PAGE_SIZE_BYTES !== 0) return undefined;
    const changes = (this.#changes ??= new ChangedBlocksReader());
    const before = this.#pageCheckFor(entry, file, changes.verifier);
    const blocks = yield* changes.find(file, fileSizeBytes, entry.increment, before, this.#onScanned);
    if (blocks === undefined) return undefined;
    const sizeBytes = incrementSizeBytes(blocks.length);
    const tarOffset = this.#startEntry(entry, sizeBytes, stats.mtimeNs, Number(stats.mode & 0o7777n));
    const isLarge = this.#frames.fill + padded(sizeBytes) > FRAME_BYTES;
    const after = this.#pageCheckFor(entry, file);
    const changed = yield* packIncrement(file, fileSizeBytes, blocks, this.#frames, after);
    this.#frames.padToBlock(sizeBytes);
    if (isLarge) this.#frames.flush();
    const pages = mergeFindings(before?.findings(), after?.findings());
    return {
      name: entry.name,
      sizeBytes,
      tarOffset,
      mtimeNs: stats.mtimeNs,
      isIncremented: true,
      ...(changed === undefined ? {} : { changed }),
      ...(pages === undefined ? {} : { pages }),
    };
  }

  #pageCheckFor(entry: StoredEntry, file: number, verifier = this.#frames.verifier): PageCheck | undefined {
    if (this.#verification === undefined || entry.relationSegment === undefined) return undefined;
    const firstBlock = entry.relationSegment * this.#verification.blocksPerSegment;
    return new PageCheck(verifier, file, firstBlock, this.#verification.startLsn);
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
    this.#frames.makeRoom(header.length + padded(sizeBytes));
    const { tarOffset } = this.#frames;
    this.#frames.append(header);
    return tarOffset;
  }

  *#copyBody(
    file: number,
    sizeBytes: number,
    check: PageCheck | undefined,
  ): Generator<undefined, PackedEntry['changed']> {
    const frames = this.#frames;
    const isLarge = frames.isLarge(sizeBytes);
    let readBytes = 0;
    while (readBytes < sizeBytes) {
      const wanted = frames.next(Math.min(FRAME_BYTES, sizeBytes - readBytes));
      const got = readFully(file, wanted, readBytes);
      check?.checkPages(frames.fill, Math.floor(got / PAGE_SIZE_BYTES), readBytes / PAGE_SIZE_BYTES);
      wanted.fill(0, got);
      frames.advance(wanted.length);
      readBytes += wanted.length;
      if (got < wanted.length) return this.#padOut(sizeBytes, readBytes, isLarge);
      if (isLarge && readBytes < sizeBytes) frames.flush();
      yield;
    }
    frames.padToBlock(sizeBytes);
    if (isLarge) frames.flush();
    return Number(fstatSync(file).size) > sizeBytes ? 'grew' : undefined;
  }

  /** Zeros for what a shrunken file no longer has. */
  #padOut(sizeBytes: number, fromByte: number, isLarge: boolean): 'shrank' {
    this.#frames.appendZeros(sizeBytes - fromByte);
    this.#frames.padToBlock(sizeBytes);
    if (isLarge) this.#frames.flush();
    return 'shrank';
  }
}

function openUnlessVanished(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
