/**
 * Making durable on the host what it could still lose: what is in a file, and the names in a folder.
 *
 * A folder is opened as a file is, and synced as one, which OpenSSH's server does on Linux. A server that opens no folders, or has no
 * `fsync@openssh.com`, cannot be asked for it.
 *
 * Source: OpenSSH `PROTOCOL` section 4, `sftp-server.c` (`process_open`, `process_extended_fsync`, `errno_to_portable`).
 *
 * @module
 */

import { posix } from 'node:path';

import type { SftpChannel, SftpHandle } from './sftp-channel.ts';
import { problemOf } from './sftp-error.ts';
import type { SshConnection } from './ssh-connection.ts';

/** Syncs what is open. Where it cannot be done, nothing is said: PostgreSQL's `fsync_fname` passes over EINVAL of folders too. */
export async function syncOpened(handle: SftpHandle): Promise<void> {
  await handle.channel.fsync(handle).catch((error: unknown) => {
    const problem = problemOf(error);
    if (problem !== 'unsupported' && problem !== 'badMessage') throw error;
  });
}

/** Opens a folder; `undefined` if the server does not, or it is gone. */
async function openFolder(channel: SftpChannel, folder: string): Promise<SftpHandle | undefined> {
  return channel.open(folder, 'r').catch((error: unknown) => {
    const problem = problemOf(error);
    if (problem === 'connection' || problem === 'login') throw error;
    return undefined;
  });
}

/** Nobody waits for the answer. */
function letGo(handle: SftpHandle | undefined): void {
  handle?.channel.close(handle).catch(() => {});
}

async function syncAndLetGo(handle: SftpHandle | undefined): Promise<void> {
  if (handle !== undefined) await syncOpened(handle).finally(() => letGo(handle));
}

/** Makes the names in a folder durable. */
export async function syncFolder(channel: SftpChannel, folder: string): Promise<void> {
  await syncAndLetGo(await openFolder(channel, folder));
}

/** Makes a file durable with its name, and those of the folders above it up to `root`. @throws `noSuchFile` */
export async function syncWithNames(channel: SftpChannel, path: string, root: string): Promise<void> {
  const file = await channel.open(path, 'r');
  const folders: string[] = [];
  for (let at = path; at !== root && at !== posix.dirname(at); at = posix.dirname(at)) folders.push(posix.dirname(at));
  await Promise.all([syncAndLetGo(file), ...folders.map((folder) => syncFolder(channel, folder))]);
}

/** A folder in which a name is made: opened meanwhile, so that making the name durable is one request more, and not two. */
export class NamedFolder implements Disposable {
  readonly #connection: SshConnection;
  readonly #path: string;
  readonly #action: string;
  readonly #signal: AbortSignal | undefined;
  #opened: Promise<SftpHandle | undefined>;

  constructor(connection: SshConnection, path: string, action: string, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#path = path;
    this.#action = action;
    this.#signal = signal;
    this.#opened = connection.run(action, signal, (channel) => openFolder(channel, path));
    this.#opened.catch(() => {});
  }

  /** To be called when the name is there. */
  async sync(): Promise<void> {
    await this.#connection.run(this.#action, this.#signal, async (channel, number) => {
      // What was opened over a connection that broke is good for nothing.
      if (number > 1) this.#opened = openFolder(channel, this.#path);
      const handle = await this.#opened;
      if (handle !== undefined) await syncOpened(handle);
    });
  }

  [Symbol.dispose](): void {
    this.#opened.then(letGo, () => {});
  }
}
