/**
 * The worker thread that unpacks tar objects, one after another, as their bytes are given to it.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';

import { failureToMessage } from '../base/failure-message.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { decompressStream } from '../codec/compression.ts';
import { corrupt } from '../codec/corrupt.ts';
import { readTar, type TarEntry } from '../codec/tar-reader.ts';
import { DirectBuffers } from './direct-file.ts';
import { FileWriter } from './file-writer.ts';
import { IncrementWriter, type AppliedIncrement } from './increment-writer.ts';
import { isOfOwnObject, normalizeEntryName, restoredPath } from './restored-path.ts';
import type { RestoreMessage, RestoreOrder, RestoreWorkerData, UnpackedObject } from './restore-messages.ts';

const { destination, tablespaceLocations, leftOut, layout }: RestoreWorkerData = workerData;
const directBuffers = new DirectBuffers();
const incrementWriter = new IncrementWriter(layout);
const place = { destination, tablespaceLocations };

/** It would have the server link tablespaces to where they were when the backup was taken. */
const TABLESPACE_MAP = 'tablespace_map';

function say(message: RestoreMessage): void {
  parentPort?.postMessage(message);
}

/** The bytes of the object at hand, as they are handed over. */
class ArrivingBytes implements AsyncIterable<Uint8Array> {
  readonly #pieces: Uint8Array[] = [];
  #hasEnded = false;
  #wake: () => void = () => {};

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        const { length } = piece;
        yield piece;
        releaseBuffer(piece);
        say({ kind: 'taken', bytes: length });
      } else if (this.#hasEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}

let arriving = new ArrivingBytes();

type ObjectOrder = Extract<RestoreOrder, { kind: 'object' }>;

/** What one object gives, as it is unpacked. */
class Unpacking {
  readonly files: [string, number][] = [];
  readonly increments: (AppliedIncrement & { name: string })[] = [];
  readonly directories: [string, number][] = [];
  readonly skipped: string[] = [];
  readonly #order: ObjectOrder;
  readonly #writer = new FileWriter(directBuffers, passed);

  constructor(order: ObjectOrder) {
    this.#order = order;
  }

  async take(entry: TarEntry): Promise<void> {
    const { key, isPart, wanted } = this.#order;
    const name = normalizeEntryName(entry.name, key);
    if (!isPart && !isOfOwnObject(name))
      throw corrupt(key, `it holds ${JSON.stringify(name)}, which is not its to hold`);
    const taking = wanted === undefined ? 'whole' : wanted.get(name);
    if (name === TABLESPACE_MAP || (isPart && leftOut.has(name)) || taking === undefined) {
      return passed(entry.sizeBytes);
    }
    if (entry.type === 'directory') {
      this.#writer.makeDirectory(restoredPath(name, place));
      this.directories.push([name, entry.mode]);
    } else if (entry.type !== 'file') {
      this.skipped.push(name);
    } else if (taking === 'increment') {
      await this.#update(name, entry);
    } else {
      await this.#writer.write(restoredPath(name, place), entry, { name, object: key, mayReplace: !isPart });
      this.files.push([name, entry.sizeBytes]);
    }
  }

  async #update(name: string, entry: TarEntry): Promise<void> {
    const about = { name, object: this.#order.key, sizeBytes: entry.sizeBytes, body: entry.body };
    const applied = await this.#writer.update(restoredPath(name, place), entry.mode, about, (file) =>
      incrementWriter.apply(file, about, passed),
    );
    this.increments.push({ name, ...applied });
  }

  settle(): Promise<void> {
    return this.#writer.settle();
  }
}

function passed(bytes: number): void {
  say({ kind: 'passed', bytes });
}

async function unpack(order: ObjectOrder, bytes: ArrivingBytes): Promise<UnpackedObject> {
  const unpacking = new Unpacking(order);
  const tar = decompressStream(order.compression, bytes, order.key, { frees: true });
  for await (const entry of readTar(tar, order.key)) await unpacking.take(entry);
  await unpacking.settle();
  const { files, increments, directories, skipped } = unpacking;
  return { files, increments, directories, skipped };
}

parentPort?.on('message', (order: RestoreOrder) => {
  switch (order.kind) {
    case 'object':
      arriving = new ArrivingBytes();
      unpack(order, arriving).then(
        (object) => say({ kind: 'unpacked', object }),
        (error: unknown) => say({ kind: 'failed', failure: failureToMessage(error) }),
      );
      break;
    case 'bytes':
      arriving.push(order.bytes);
      break;
    case 'end':
      arriving.end();
      break;
  }
});
