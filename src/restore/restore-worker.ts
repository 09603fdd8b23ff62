/**
 * The worker thread that unpacks tar objects, one after another, as their bytes are given to it.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';

import { failureToMessage } from '../base/failure-message.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { decompressStream } from '../codec/compression.ts';
import { readTar } from '../codec/tar-reader.ts';
import { DirectBuffers } from './direct-file.ts';
import { FileWriter } from './file-writer.ts';
import { normalizeEntryName, restoredPath } from './restored-path.ts';
import type { RestoreMessage, RestoreOrder, RestoreWorkerData, UnpackedObject } from './restore-messages.ts';

const { destination, tablespaceLocations, leftOut }: RestoreWorkerData = workerData;
const directBuffers = new DirectBuffers();
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

async function unpack(order: Extract<RestoreOrder, { kind: 'object' }>, bytes: ArrivingBytes): Promise<UnpackedObject> {
  const writer = new FileWriter(directBuffers, (written) => say({ kind: 'written', bytes: written }));
  const files: [string, number][] = [];
  const directories: [string, number][] = [];
  const skipped: string[] = [];
  const tar = decompressStream(order.compression, bytes, order.key, { frees: true });
  for await (const entry of readTar(tar, order.key)) {
    const name = normalizeEntryName(entry.name, order.key);
    if (name === TABLESPACE_MAP || (order.isPart && leftOut.has(name))) continue;
    if (entry.type === 'directory') {
      writer.makeDirectory(restoredPath(name, place));
      directories.push([name, entry.mode]);
    } else if (entry.type === 'file') {
      await writer.write(restoredPath(name, place), entry, !order.isPart);
      files.push([name, entry.sizeBytes]);
    } else {
      skipped.push(name);
    }
  }
  await writer.settle();
  return { files, directories, skipped };
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
