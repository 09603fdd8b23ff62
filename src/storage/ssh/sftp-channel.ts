/**
 * One SFTP channel of a connection: requests that are answered, or fail when the connection does.
 *
 * A server that does not answer any request for a while is given up with its connection: the library itself would wait for
 * ever.
 *
 * @module
 */

import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2';

import { ConnectionBroken } from './sftp-error.ts';

/** An open file on the host; good only for the channel that opened it. */
export interface SftpHandle {
  readonly channel: SftpChannel;
  readonly id: Buffer;
}

type Done<T> = (error: Error | undefined | null, value: T) => void;

/** Requests over one channel. */
export class SftpChannel {
  readonly #sftp: SFTPWrapper;
  readonly #idleMs: number;
  /** Called once when the server is silent. */
  readonly #giveUp: (error: Error) => void;
  readonly #pending = new Set<(error: Error) => void>();
  #broken: Error | undefined;
  #lastAnswerMs = 0;
  #watch: NodeJS.Timeout | undefined;
  #openHandles = 0;

  constructor(sftp: SFTPWrapper, idleMs: number, giveUp: (error: Error) => void) {
    this.#sftp = sftp;
    this.#idleMs = idleMs;
    this.#giveUp = giveUp;
  }

  /** How much is going on here: another channel may be free. */
  get load(): number {
    return this.#pending.size + this.#openHandles;
  }

  /** Ends every request that waits, and those to come. */
  break(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    clearTimeout(this.#watch);
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }

  /** What is at `path`; a symbolic link is not followed. */
  lstat(path: string): Promise<Stats> {
    return this.#ask((sftp, done: Done<Stats>) => sftp.lstat(path, done));
  }

  /** What is at `path`, or where its symbolic link leads. */
  stat(path: string): Promise<Stats> {
    return this.#ask((sftp, done: Done<Stats>) => sftp.stat(path, done));
  }

  /** The entries of a folder, without `.` and `..`, in no order. */
  readFolder(path: string): Promise<FileEntryWithStats[]> {
    return this.#ask((sftp, done: Done<FileEntryWithStats[]>) => sftp.readdir(path, done));
  }

  makeFolder(path: string): Promise<void> {
    return this.#ask((sftp, done: Done<void>) => sftp.mkdir(path, (error) => done(error, undefined)));
  }

  removeFolder(path: string): Promise<void> {
    return this.#ask((sftp, done: Done<void>) => sftp.rmdir(path, (error) => done(error, undefined)));
  }

  unlink(path: string): Promise<void> {
    return this.#ask((sftp, done: Done<void>) => sftp.unlink(path, (error) => done(error, undefined)));
  }

  /** POSIX `rename(2)`: replaces what was there, in one step. */
  replace(from: string, to: string): Promise<void> {
    return this.#ask((sftp, done: Done<void>) => sftp.ext_openssh_rename(from, to, (error) => done(error, undefined)));
  }

  /** POSIX `link(2)`: fails if anything is there. */
  link(from: string, to: string): Promise<void> {
    return this.#ask((sftp, done: Done<void>) =>
      sftp.ext_openssh_hardlink(from, to, (error) => done(error, undefined)),
    );
  }

  /** Opens a file. @param how `r` to read, `r+` to write into what is there, `w` to write from nothing. */
  async open(path: string, how: 'r' | 'r+' | 'w'): Promise<SftpHandle> {
    const id = await this.#ask((sftp, done: Done<Buffer>) => sftp.open(path, how, done));
    this.#openHandles += 1;
    return { channel: this, id };
  }

  async close({ id }: SftpHandle): Promise<void> {
    this.#openHandles -= 1;
    await this.#ask((sftp, done: Done<void>) => sftp.close(id, (error) => done(error, undefined)));
  }

  fstat({ id }: SftpHandle): Promise<Stats> {
    return this.#ask((sftp, done: Done<Stats>) => sftp.fstat(id, done));
  }

  /** Makes what was written durable. */
  fsync({ id }: SftpHandle): Promise<void> {
    return this.#ask((sftp, done: Done<void>) => sftp.ext_openssh_fsync(id, (error) => done(error, undefined)));
  }

  /** Fills `into` from `atByte` on, as far as the answer goes. Answers with how many bytes that was; 0 at the end of the file. */
  read({ id }: SftpHandle, into: Buffer, atByte: number): Promise<number> {
    return this.#ask((sftp, done: Done<number>) => sftp.read(id, into, 0, into.byteLength, atByte, done));
  }

  write({ id }: SftpHandle, bytes: Buffer, atByte: number): Promise<void> {
    return this.#ask((sftp, done: Done<void>) =>
      sftp.write(id, bytes, 0, bytes.byteLength, atByte, (error) => done(error, undefined)),
    );
  }

  #ask<T>(send: (sftp: SFTPWrapper, done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) return reject(this.#broken);
      this.#pending.add(reject);
      if (this.#watch === undefined) this.#watchOver();
      try {
        send(this.#sftp, (error, value) => {
          this.#lastAnswerMs = performance.now();
          if (!this.#pending.delete(reject)) return;
          if (error === undefined || error === null) resolve(value);
          else reject(error);
        });
      } catch (error) {
        // Thrown at once for what the server does not know.
        this.#pending.delete(reject);
        reject(error instanceof Error ? error : new ConnectionBroken(String(error)));
      }
    });
  }

  /** One timer for all requests: as long as answers come, none of them is late. */
  #watchOver(): void {
    this.#lastAnswerMs = performance.now();
    const look = (): void => {
      this.#watch = undefined;
      if (this.#pending.size === 0) return;
      const silentMs = performance.now() - this.#lastAnswerMs;
      if (silentMs < this.#idleMs) this.#watch = setTimeout(look, this.#idleMs - silentMs + 1);
      else this.#giveUp(new ConnectionBroken(`the server did not answer within ${this.#idleMs / 1000} s`));
    };
    this.#watch = setTimeout(look, this.#idleMs);
  }
}
