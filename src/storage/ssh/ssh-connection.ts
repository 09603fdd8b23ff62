/**
 * The host of an archive: connected when it is asked, and again when a connection broke.
 *
 * @module
 */

import type { Stats } from 'ssh2';

import { Failure } from '../../base/failure.ts';
import { runAttempts } from '../attempts.ts';
import type { StoreDeadlines } from '../deadlines.ts';
import type { SftpChannel } from './sftp-channel.ts';
import { ConnectionBroken, problemOf, sftpFailure } from './sftp-error.ts';
import { sshAddressOf, type SshLocation } from './ssh-location.ts';
import { SshSession } from './ssh-session.ts';

type Try<T> = (channel: SftpChannel, number: number) => Promise<T>;

/** Calls to one host. */
export class SshConnection {
  readonly location: SshLocation;
  readonly deadlines: StoreDeadlines;
  /** `ssh://host/path` */
  readonly address: string;
  #session: Promise<SshSession> | undefined;
  #isClosed = false;

  constructor(location: SshLocation, deadlines: StoreDeadlines) {
    this.location = location;
    this.deadlines = deadlines;
    this.address = sshAddressOf(location);
  }

  /**
   * Runs attempts over a channel, each over another connection if the one before broke.
   *
   * @param action `read ssh://host/a`, for messages.
   * @param attempt is given the number of the attempt, from 1: after the first, an earlier one may have had its effect.
   */
  async run<T>(action: string, signal: AbortSignal | undefined, attempt: Try<T>): Promise<T> {
    const rules = {
      deadlines: this.deadlines,
      action,
      isRetryable: (thrown: unknown) => problemOf(thrown) === 'connection',
      failureOf: (thrown: unknown, facts: readonly string[]) => sftpFailure(action, thrown, facts),
    };
    return runAttempts(rules, signal, async ({ number, signal: ending }) => {
      const work = async (): Promise<T> => attempt(await (await this.#connected()).channel(), number);
      return endedBy(ending, work());
    });
  }

  /** As `run`, and `undefined` if there is no such file, which is said only after the archive's folder was seen. */
  async runOnExisting<T>(action: string, signal: AbortSignal | undefined, attempt: Try<T>): Promise<T | undefined> {
    return this.run(action, signal, async (channel, number) => {
      try {
        return await attempt(channel, number);
      } catch (error) {
        if (problemOf(error) !== 'noSuchFile') throw error;
        await this.ensureThere(channel);
        return undefined;
      }
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#session?.then(
      (session) => session.break(new ConnectionBroken('the archive was closed')),
      () => {},
    );
  }

  async #connected(): Promise<SshSession> {
    for (;;) {
      if (this.#isClosed) throw new TypeError('the archive was closed, and is used');
      const seen = (this.#session ??= this.#connect());
      const session = await seen;
      if (!session.isBroken) return session;
      // Of many that find it broken, the first makes the next one.
      if (this.#session === seen) this.#session = undefined;
    }
  }

  #connect(): Promise<SshSession> {
    return SshSession.connect(this.location, this.deadlines.attemptIdleMs).catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
  }

  /** @throws {Failure} `unavailable` if the archive's folder is not there: its file system is not mounted, or it was never made. */
  async ensureThere(channel: SftpChannel): Promise<void> {
    const { path, host, port, username } = this.location;
    const found: Stats | undefined = await channel.stat(path).catch((error: unknown) => {
      if (problemOf(error) === 'noSuchFile') return undefined;
      throw error;
    });
    if (found?.isDirectory() === true) return;
    throw new Failure('unavailable', {
      message: `cannot use the archive ${this.address}: ${found === undefined ? 'there is no such folder on that host' : 'it is no folder'}`,
      remedy: `Mount its file system there; for a new archive:\n    ssh -p ${port} ${username}@${host} mkdir -p ${path}`,
    });
  }
}

/** Waits for `work`, and no longer than until `signal` says so. What `work` does after that is lost. */
async function endedBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', end);
    work.catch(() => {});
  }
}
