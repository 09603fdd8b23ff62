/**
 * Writing a file over SFTP so that it is there whole, or not at all.
 *
 * The bytes go to a temporary name beside it, many requests at a time, are made durable and counted, and get their own
 * name in one step: `posix-rename@openssh.com` replaces what was there, `hardlink@openssh.com` fails if anything was there.
 * SFTP's own rename will not do: OpenSSH's fails where a file is, others replace it. Then the folder is made durable, which
 * has the name.
 *
 * A connection that breaks is made again, and the upload goes on. What the host had not yet made durable it may have lost
 * meanwhile, so such an upload is read back as a whole before it gets its name.
 *
 * Source: OpenSSH `PROTOCOL` section 4; WAL-G `pkg/storages/sh/folder.go` (temporary names).
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { crc32 } from 'node:zlib';

import { Failure } from '../../base/failure.ts';
import { partsOf } from '../body.ts';
import type { ObjectBody, PutOptions, PutOutcome } from '../object-store.ts';
import { PartRoom } from '../part-room.ts';
import { tmpNameFor } from '../tmp-name.ts';
import { giveFolder } from './folders.ts';
import { NamedFolder, syncOpened } from './make-durable.ts';
import { FileReader, PACKET_BYTES } from './read-file.ts';
import type { SftpChannel, SftpHandle } from './sftp-channel.ts';
import { problemOf } from './sftp-error.ts';
import type { SshConnection } from './ssh-connection.ts';

/** What is sent, and acknowledged, as one; a few of them are under way. */
const PART_BYTES = 1024 * 1024;
const PARTS_AHEAD = 3;

/** A file being written under a temporary name. */
class Upload {
  readonly tmp: string;
  readonly #connection: SshConnection;
  readonly #action: string;
  readonly #signal: AbortSignal | undefined;
  #handle: Promise<SftpHandle> | undefined;
  #isMade = false;
  #isResumed = false;
  #sizeBytes = 0;
  #sum = 0;

  constructor(connection: SshConnection, path: string, action: string, signal: AbortSignal | undefined) {
    this.tmp = tmpNameFor(path, new Date(), randomBytes(8).toString('hex'));
    this.#connection = connection;
    this.#action = action;
    this.#signal = signal;
  }

  /** Sends the body, makes it durable, and proves that it is all there. */
  async send(body: ObjectBody): Promise<void> {
    await this.#sendParts(body);
    await this.#run(async (channel) => {
      const handle = await this.#opened(channel);
      const [{ size }] = await Promise.all([handle.channel.fstat(handle), syncOpened(handle)]);
      if (size !== this.#sizeBytes) throw this.#wrong(`it has ${size} bytes there, and ${this.#sizeBytes} were sent`);
      await handle.channel.close(handle);
      this.#handle = undefined;
    });
    if (this.#isResumed) await this.#readBack();
  }

  async #sendParts(body: ObjectBody): Promise<void> {
    const running = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    const parts = partsOf(body, new PartRoom(PART_BYTES));
    try {
      for await (const part of parts) {
        this.#signal?.throwIfAborted();
        const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
        this.#sum = crc32(bytes, this.#sum);
        const sent: Promise<void> = this.#sendPart(bytes, this.#sizeBytes).then(
          () => void running.delete(sent),
          (error: unknown) => {
            failure ??= { error };
            running.delete(sent);
          },
        );
        running.add(sent);
        this.#sizeBytes += bytes.byteLength;
        while (running.size >= PARTS_AHEAD) await Promise.race(running);
        if (failure !== undefined) break;
      }
    } finally {
      await Promise.all(running);
    }
    if (failure !== undefined) throw failure.error;
  }

  /** Writes one part, as often as connections break under it: the same bytes at the same place. */
  #sendPart(bytes: Buffer, atByte: number): Promise<void> {
    return this.#run(async (channel) => {
      const handle = await this.#opened(channel);
      const packets: Promise<void>[] = [];
      for (let at = 0; at < bytes.byteLength; at += PACKET_BYTES)
        packets.push(handle.channel.write(handle, bytes.subarray(at, at + PACKET_BYTES), atByte + at));
      const outcomes = await Promise.allSettled(packets);
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    });
  }

  /** One attempt; what it met with a broken connection, the next one begins with a new handle. */
  #run<T>(attempt: (channel: SftpChannel) => Promise<T>): Promise<T> {
    return this.#connection.run(this.#action, this.#signal, async (channel) => {
      try {
        return await attempt(channel);
      } catch (error) {
        if (problemOf(error) === 'connection') this.#handle = undefined;
        throw error;
      }
    });
  }

  #opened(channel: SftpChannel): Promise<SftpHandle> {
    this.#handle ??= this.#open(channel).catch((error: unknown) => {
      this.#handle = undefined;
      throw error;
    });
    return this.#handle;
  }

  async #open(channel: SftpChannel): Promise<SftpHandle> {
    if (!this.#isMade) {
      const handle = await giveFolder(channel, this.#connection, posix.dirname(this.tmp), () =>
        channel.open(this.tmp, 'w'),
      );
      this.#isMade = true;
      return handle;
    }
    this.#isResumed = true;
    return channel.open(this.tmp, 'r+');
  }

  async #readBack(): Promise<void> {
    const reader = new FileReader(this.#connection, this.tmp, this.#action, this.#signal);
    let sum = 0;
    for await (const piece of reader.pieces(undefined)) sum = crc32(piece, sum);
    if (sum !== this.#sum) throw this.#wrong('its bytes are not those that were sent, after a connection had broken');
  }

  #wrong(what: string): Failure {
    return new Failure('unavailable', {
      message: `cannot ${this.#action}: ${what}`,
      remedy: 'Look whether the host restarted, or its disk is failing; then try again.',
    });
  }

  /** Lets the file go, and removes the temporary name, if it can be done. */
  async remove(): Promise<void> {
    if (!this.#isMade) return;
    const handle = await this.#handle?.catch(() => undefined);
    await handle?.channel.close(handle).catch(() => {});
    await this.#connection.run(this.#action, undefined, (channel) => channel.unlink(this.tmp)).catch(() => {});
  }
}

/** Writes the object at `path`. On failure, no name has appeared, and none has other bytes than before. */
export async function writeFileAtomically(
  connection: SshConnection,
  path: string,
  action: string,
  body: ObjectBody,
  options: PutOptions,
): Promise<PutOutcome> {
  const upload = new Upload(connection, path, action, options.signal);
  try {
    await upload.send(body);
    using folder = new NamedFolder(connection, posix.dirname(path), action, options.signal);
    if (options.ifAbsent !== true) {
      await replace(connection, upload.tmp, path, action, options.signal);
      await folder.sync();
      return 'written';
    }
    const outcome = await link(connection, upload.tmp, path, action, options.signal);
    await Promise.all([folder.sync(), upload.remove()]);
    return outcome;
  } catch (error) {
    await upload.remove();
    throw error;
  }
}

async function replace(
  connection: SshConnection,
  tmp: string,
  path: string,
  action: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await connection.run(action, signal, async (channel, number) => {
    try {
      await channel.replace(tmp, path);
    } catch (error) {
      // The name is nobody else's: it is gone because an earlier attempt was done, and its answer was lost.
      if (number === 1 || problemOf(error) !== 'noSuchFile') throw error;
      await channel.lstat(path);
    }
  });
}

async function link(
  connection: SshConnection,
  tmp: string,
  path: string,
  action: string,
  signal: AbortSignal | undefined,
): Promise<PutOutcome> {
  const isRepeated = await connection.run(action, signal, async (channel, number) => {
    try {
      await channel.link(tmp, path);
      return undefined;
    } catch (error) {
      if (problemOf(error) !== 'failure') throw error;
      const isThere = await channel.lstat(path).then(
        () => true,
        () => false,
      );
      if (!isThere) throw error;
      return number > 1;
    }
  });
  if (isRepeated === undefined) return 'written';
  return isRepeated && (await haveSameBytes(connection, tmp, path, action, signal)) ? 'written' : 'exists';
}

/** True if both files hold the same: the link that an earlier attempt made, whose answer was lost. */
async function haveSameBytes(
  connection: SshConnection,
  tmp: string,
  path: string,
  action: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const sums = await Promise.all(
    [tmp, path].map(async (file) => {
      let sum = 0;
      let sizeBytes = 0;
      for await (const piece of new FileReader(connection, file, action, signal).pieces(undefined)) {
        sum = crc32(piece, sum);
        sizeBytes += piece.byteLength;
      }
      return `${sizeBytes} ${sum}`;
    }),
  );
  return sums[0] === sums[1];
}
