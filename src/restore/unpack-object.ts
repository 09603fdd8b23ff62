/**
 * Unpacks one tar object of a backup into its place.
 *
 * @module
 */

import { decompressStream } from '../codec/compression.ts';
import { corrupt } from '../codec/corrupt.ts';
import { readTar, type TarEntry } from '../codec/tar-reader.ts';
import type { LevelMeter } from './content-meter.ts';
import { DirectBuffers } from './direct-file.ts';
import { FileWriter } from './file-writer.ts';
import { IncrementWriter, type AppliedIncrement } from './increment-writer.ts';
import { refuseKind } from './refuse-kind.ts';
import type { ObjectOrder, RestoreWorkerData, UnpackedObject } from './restore-messages.ts';
import {
  isForeignInTablespace,
  isOfOwnObject,
  normalizeEntryName,
  restoredPath,
  type RestorePlace,
} from './restored-path.ts';

/** It would have the server link tablespaces to where they were when the backup was taken. */
const TABLESPACE_MAP = 'tablespace_map';

/** Unpacks objects, one after another. */
export class ObjectUnpacker {
  readonly place: RestorePlace;
  readonly leftOut: ReadonlySet<string>;
  readonly directBuffers = new DirectBuffers();
  readonly increments: IncrementWriter;
  readonly meter: LevelMeter;

  constructor({ destination, tablespaceLocations, leftOut, layout }: RestoreWorkerData, meter: LevelMeter) {
    this.place = { destination, tablespaceLocations };
    this.leftOut = leftOut;
    this.increments = new IncrementWriter(layout);
    this.meter = meter;
  }

  /** Unpacks one, whose stored bytes come as they are read. @throws {Failure} `corrupt`, and what the disk throws. */
  async unpack(order: ObjectOrder, bytes: AsyncIterable<Uint8Array>): Promise<UnpackedObject> {
    const unpacking = new Unpacking(order, this);
    const tar = decompressStream(order.compression, bytes, order.key, { frees: true });
    try {
      for await (const entry of readTar(tar, order.key)) await unpacking.take(entry);
    } catch (error) {
      await unpacking.settle().catch(() => {});
      throw error;
    }
    await unpacking.settle();
    const { files, increments, directories, skipped } = unpacking;
    return { files, increments, directories, skipped };
  }
}

/** What one object gives, as it is unpacked. */
class Unpacking {
  readonly files: [string, number][] = [];
  readonly increments: (AppliedIncrement & { name: string })[] = [];
  readonly directories: [string, number][] = [];
  readonly skipped: string[] = [];
  /** Of an object that may replace what parts hold: a second one of a name would be what is used, and the first what is reported. */
  readonly #ownFiles = new Set<string>();
  readonly #order: ObjectOrder;
  readonly #unpacker: ObjectUnpacker;
  readonly #writer: FileWriter;

  constructor(order: ObjectOrder, unpacker: ObjectUnpacker) {
    this.#order = order;
    this.#unpacker = unpacker;
    this.#writer = new FileWriter(unpacker.directBuffers, unpacker.meter.onContent);
  }

  async take(entry: TarEntry): Promise<void> {
    const { key, isPart, wanted } = this.#order;
    const { place, leftOut, meter } = this.#unpacker;
    meter.onEntry();
    const name = normalizeEntryName(entry.name, key);
    refuseKind(entry.type, name, key);
    if (!isPart && !isOfOwnObject(name)) {
      throw corrupt(key, `it holds ${JSON.stringify(name)}, which is not its to hold`);
    }
    const taking = wanted === undefined ? 'whole' : wanted.get(name);
    if (name === TABLESPACE_MAP || (isPart && leftOut.has(name)) || taking === undefined) {
      return meter.onContent(entry.sizeBytes);
    }
    if (isForeignInTablespace(name)) {
      this.skipped.push(name);
      meter.onContent(entry.sizeBytes);
    } else if (entry.type === 'directory') {
      this.#writer.makeDirectory(restoredPath(name, place));
      this.directories.push([name, entry.mode]);
    } else if (entry.type !== 'file') {
      this.skipped.push(name);
    } else if (taking === 'increment') {
      await this.#update(name, entry);
    } else {
      if (!isPart) this.#refuseSecond(name);
      await this.#writer.write(restoredPath(name, place), entry, { name, object: key, mayReplace: !isPart });
      this.files.push([name, entry.sizeBytes]);
    }
  }

  #refuseSecond(name: string): void {
    if (this.#ownFiles.has(name)) throw corrupt(this.#order.key, `it holds ${JSON.stringify(name)} twice`);
    this.#ownFiles.add(name);
  }

  async #update(name: string, entry: TarEntry): Promise<void> {
    const { place, increments, meter } = this.#unpacker;
    const about = { name, object: this.#order.key, sizeBytes: entry.sizeBytes, body: entry.body };
    const applied = await this.#writer.update(restoredPath(name, place), entry.mode, about, (file) =>
      increments.apply(file, about, meter.onContent),
    );
    this.increments.push({ name, ...applied });
  }

  /** Waits for what was written. */
  settle(): Promise<void> {
    return this.#writer.settle();
  }
}
