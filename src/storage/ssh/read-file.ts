/**
 * Reading a file over SFTP, many requests at a time: each asks for one packet, and a request at a time would wait for the
 * way there and back for each of them.
 *
 * SFTP has no version of a file. A read that goes on over another connection is held to the size and time of the file it
 * began with, and to the bytes that were read last.
 *
 * @module
 */

import type { Stats } from 'ssh2';

import { Failure } from '../../base/failure.ts';
import type { ByteRange } from '../object-store.ts';
import { readResumed, type BodyAnswer } from '../resumed-body.ts';
import type { SftpChannel, SftpHandle } from './sftp-channel.ts';
import { ConnectionBroken } from './sftp-error.ts';
import type { SshConnection } from './ssh-connection.ts';

/** What every server takes in one request (draft-ietf-secsh-filexfer-02, section 3). */
export const PACKET_BYTES = 32 * 1024;
const PIECE_BYTES = 8 * PACKET_BYTES;
const PIECES_AHEAD = 8;

/** Fills `into` from the file. Fewer bytes only if the file ends. */
async function fill(handle: SftpHandle, into: Buffer, atByte: number): Promise<number> {
  let filled = 0;
  while (filled < into.byteLength) {
    const read = await handle.channel.read(handle, into.subarray(filled), atByte + filled);
    if (read === 0) break;
    filled += read;
  }
  return filled;
}

async function readPiece(handle: SftpHandle, startByte: number, lengthBytes: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(lengthBytes);
  const fills: Promise<number>[] = [];
  for (let at = 0; at < lengthBytes; at += PACKET_BYTES)
    fills.push(fill(handle, piece.subarray(at, at + PACKET_BYTES), startByte + at));
  const filled = await Promise.all(fills);
  const filledBytes = filled.reduce((sum, bytes) => sum + bytes, 0);
  if (filledBytes === lengthBytes) return piece;
  throw new ConnectionBroken(`the file ended before byte ${startByte + lengthBytes}`);
}

/** The bytes from `startByte` to `endByte`, in order, some pieces asked for ahead. Closes the handle. */
async function* readSpan(handle: SftpHandle, startByte: number, endByte: number): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  let at = startByte;
  try {
    for (;;) {
      while (at < endByte && ahead.length < PIECES_AHEAD) {
        const piece = readPiece(handle, at, Math.min(PIECE_BYTES, endByte - at));
        piece.catch(() => {});
        ahead.push(piece);
        at += PIECE_BYTES;
      }
      const next = ahead.shift();
      if (next === undefined) return;
      yield await next;
    }
  } finally {
    await Promise.allSettled(ahead);
    await handle.channel.close(handle).catch(() => {});
  }
}

/** A file that is open for reading, and what tells it from another one by the same name. */
interface OpenFile {
  readonly handle: SftpHandle;
  readonly sizeBytes: number;
  readonly modifiedAtS: number;
}

/** Opens the file; `undefined` if what is there is no file. */
async function openFile(channel: SftpChannel, path: string): Promise<OpenFile | undefined> {
  const handle = await channel.open(path, 'r');
  let found: Stats | undefined;
  try {
    found = await channel.fstat(handle);
  } finally {
    if (found?.isFile() !== true) await channel.close(handle).catch(() => {});
  }
  return found.isFile() ? { handle, sizeBytes: found.size, modifiedAtS: found.mtime } : undefined;
}

function changed(action: string, how: string): Failure {
  return new Failure('conflict', {
    message: `cannot ${action}: it ${how} while it was read`,
    remedy: 'Find out who else writes to this archive, then try again.',
  });
}

/** Reads one file. */
export class FileReader {
  readonly #connection: SshConnection;
  readonly #path: string;
  readonly #action: string;
  readonly #signal: AbortSignal | undefined;

  constructor(connection: SshConnection, path: string, action: string, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#path = path;
    this.#action = action;
    this.#signal = signal;
  }

  /** The pieces of the file, or of a range of it; `undefined` if there is no file. They must be read, or the handle stays open. */
  async open(range: ByteRange | undefined): Promise<AsyncGenerator<Buffer> | undefined> {
    const file = await this.#open();
    if (file === undefined) return undefined;
    const startByte = Math.min(range?.startByte ?? 0, file.sizeBytes);
    const endByte = Math.min(range === undefined ? file.sizeBytes : startByte + range.lengthBytes, file.sizeBytes);
    const answer = (handle: SftpHandle, atByte: number): BodyAnswer => ({
      body: readSpan(handle, atByte, endByte),
      startByte: atByte,
      lengthBytes: endByte - atByte,
    });
    const source = {
      deadlines: this.#connection.deadlines,
      action: this.#action,
      resume: async (rest: ByteRange, lastPiece: Buffer | undefined) =>
        answer(await this.#openSame(file, rest.startByte, lastPiece), rest.startByte),
    };
    return readResumed(source, answer(file.handle, startByte), this.#signal);
  }

  /** The pieces of a file that was there a moment ago; nothing is opened before the first is asked for. */
  async *pieces(range: ByteRange | undefined): AsyncGenerator<Buffer> {
    const pieces = await this.open(range);
    if (pieces === undefined) throw changed(this.#action, 'was deleted');
    yield* pieces;
  }

  #open(): Promise<OpenFile | undefined> {
    return this.#connection.runOnExisting(this.#action, this.#signal, (channel) => openFile(channel, this.#path));
  }

  async #openSame(first: OpenFile, nextByte: number, lastPiece: Buffer | undefined): Promise<SftpHandle> {
    const file = await this.#open();
    if (file === undefined) throw changed(this.#action, 'was deleted');
    const { handle } = file;
    try {
      const isSame = file.sizeBytes === first.sizeBytes && file.modifiedAtS === first.modifiedAtS;
      const startByte = nextByte - (lastPiece?.byteLength ?? 0);
      const again =
        isSame && lastPiece !== undefined ? await readPiece(handle, startByte, lastPiece.byteLength) : undefined;
      if (isSame && (lastPiece === undefined || again?.equals(lastPiece) === true)) return handle;
    } catch (error) {
      await handle.channel.close(handle).catch(() => {});
      throw error;
    }
    await handle.channel.close(handle).catch(() => {});
    throw changed(this.#action, 'was replaced');
  }
}
