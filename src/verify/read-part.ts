/**
 * Reads one tar object of a backup to its end: what it holds, and which pages do not carry their checksum. Nothing is
 * written.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { parseRelationFileName } from '../backup/exclusions.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import { ByteSource } from '../codec/byte-source.ts';
import { decompressStream } from '../codec/compression.ts';
import { corrupt } from '../codec/corrupt.ts';
import { readTar, type TarEntry } from '../codec/tar-reader.ts';
import type { DamagedPage, PageLayout } from '../restore/increment-writer.ts';
import { refuseKind } from '../restore/refuse-kind.ts';
import { normalizeEntryName } from '../restore/restored-path.ts';
import type { UnpackedObject } from '../restore/restore-messages.ts';
import type { BackupObject } from '../restore/tar-objects.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { INCREMENT_START_BYTES, parseIncrementBlocks, parseIncrementStart } from '../walg/increment.ts';
import { PageStream } from './page-stream.ts';

/** How to read it. */
export interface ReadPartOptions extends CallOptions {
  readonly store: ObjectStore;
  readonly backup: Pick<Backup, 'name' | 'startLsn' | 'finishLsn'>;
  readonly layout: PageLayout;
  /** Normalized names of the files of which this backup holds increments. */
  readonly incremented: ReadonlySet<string>;
  readonly limiter?: RateLimiter | undefined;
  /** Called with the bytes of content that were read. */
  readonly onContent: (bytes: number) => void;
  /** Called for each entry. */
  readonly onEntry: () => void;
}

/** What an object holds. */
export interface ReadPart {
  readonly contents: UnpackedObject;
  /** Files with pages that replay will not write anew. */
  readonly damagedFiles: readonly { readonly name: string; readonly blocks: readonly number[] }[];
  readonly pagesChecked: number;
  /** Small files that say what the backup is, by name. */
  readonly texts: ReadonlyMap<string, Buffer>;
}

const PAGED_PLACE = /^(?:base\/\d+|global|pg_tblspc\/\d+\/[^/]+\/\d+)\/([^/]+)$/;
const KEPT_TEXTS: ReadonlySet<string> = new Set(['backup_label', 'global/pg_control']);
const MAX_TEXT_BYTES = 1024 * 1024;

/** Reads it. @throws {Failure} `corrupt`, `refused`, naming the object, if it cannot be read to its end. */
export async function readPart(object: BackupObject, options: ReadPartOptions): Promise<ReadPart> {
  const { store, signal } = options;
  const pieces = await store.open(object.key, signal === undefined ? {} : { signal });
  if (pieces === undefined) throw corrupt(object.key, 'it is listed, and cannot be found');
  const reading = new Reading(object, options);
  const tar = decompressStream(object.compression, slowed(pieces, options), object.key, { frees: true });
  for await (const entry of readTar(tar, object.key)) await reading.take(entry);
  return reading.result();
}

async function* slowed(
  pieces: AsyncIterable<Buffer>,
  { limiter, signal }: Pick<ReadPartOptions, 'limiter' | 'signal'>,
): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    await limiter?.take(piece.length, signal);
    yield piece;
  }
}

class Reading {
  readonly #object: BackupObject;
  readonly #options: ReadPartOptions;
  readonly #pages: PageStream | undefined;
  readonly #files: [string, number][] = [];
  readonly #increments: { name: string; fileSizeBytes: number; damaged: readonly DamagedPage[] }[] = [];
  readonly #directories: [string, number][] = [];
  readonly #skipped: string[] = [];
  readonly #damagedFiles: { name: string; blocks: readonly number[] }[] = [];
  readonly #texts = new Map<string, Buffer>();

  constructor(object: BackupObject, options: ReadPartOptions) {
    this.#object = object;
    this.#options = options;
    this.#pages = options.layout.hasChecksums ? new PageStream() : undefined;
  }

  result(): ReadPart {
    const [files, increments, directories, skipped] = [this.#files, this.#increments, this.#directories, this.#skipped];
    return {
      contents: { files, increments, directories, skipped },
      damagedFiles: this.#damagedFiles,
      pagesChecked: this.#pages?.pagesChecked ?? 0,
      texts: this.#texts,
    };
  }

  async take(entry: TarEntry): Promise<void> {
    this.#options.onEntry();
    const name = normalizeEntryName(entry.name, this.#object.key);
    refuseKind(entry.type, name, this.#object.key);
    if (entry.type === 'directory') this.#directories.push([name, entry.mode]);
    else if (entry.type !== 'file') this.#skipped.push(name);
    else if (this.#options.incremented.has(name) && this.#object.isPart) await this.#takeIncrement(name, entry);
    else await this.#takeFile(name, entry);
  }

  async #takeFile(name: string, entry: TarEntry): Promise<void> {
    this.#files.push([name, entry.sizeBytes]);
    if (KEPT_TEXTS.has(name) && entry.sizeBytes <= MAX_TEXT_BYTES) return this.#keepText(name, entry);
    const fork = this.#firstBlockOf(name);
    const pages = fork === undefined ? undefined : this.#pages;
    pages?.seek(fork ?? 0, 0);
    for await (const piece of entry.body) {
      pages?.take(piece);
      this.#options.onContent(piece.length);
    }
    if (pages !== undefined) this.#judge(name, pages.end());
  }

  async #keepText(name: string, entry: TarEntry): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of entry.body) pieces.push(Buffer.from(piece));
    this.#texts.set(name, Buffer.concat(pieces));
    this.#options.onContent(entry.sizeBytes);
  }

  async #takeIncrement(name: string, entry: TarEntry): Promise<void> {
    const { pageSizeBytes, segmentPages } = this.#options.layout;
    const about = { name: `${name} in ${this.#object.key}`, sizeBytes: entry.sizeBytes, pageSizeBytes, segmentPages };
    const source = new ByteSource(entry.body);
    const start = parseIncrementStart(await source.take(INCREMENT_START_BYTES), about);
    const blocks = parseIncrementBlocks(await source.take(start.headerBytes - INCREMENT_START_BYTES), start, about);
    this.#options.onContent(start.headerBytes);
    const fork = this.#firstBlockOf(name) ?? 0;
    for (const block of blocks) {
      const page = await source.take(pageSizeBytes);
      if (page.length < pageSizeBytes) throw corrupt(this.#object.key, 'an increment ends inside its pages');
      this.#pages?.seek(fork, block);
      this.#pages?.take(page);
      this.#options.onContent(page.length);
    }
    const damaged = this.#pages?.end() ?? [];
    this.#increments.push({ name, fileSizeBytes: start.fileSizeBytes, damaged });
    this.#judge(name, damaged);
  }

  /** Number in its relation fork of a file's first block; `undefined` if the file does not consist of pages. */
  #firstBlockOf(name: string): number | undefined {
    const baseName = PAGED_PLACE.exec(name)?.[1];
    const relation = baseName === undefined ? undefined : parseRelationFileName(baseName);
    return relation === undefined ? undefined : relation.segmentNumber * this.#options.layout.segmentPages;
  }

  /** A page changed while the backup ran may be torn: replay writes it whole. */
  #judge(name: string, damaged: readonly DamagedPage[]): void {
    const { startLsn, finishLsn } = this.#options.backup;
    const blocks = damaged.filter(({ lsn }) => lsn < startLsn || lsn > finishLsn).map(({ block }) => block);
    if (blocks.length > 0) this.#damagedFiles.push({ name, blocks });
  }
}
