/**
 * One SSH connection: made, logged in, the host recognised; with a few SFTP channels over it.
 *
 * Each channel is a process of its own on the host, so that several files can be read at a time. OpenSSH allows ten in one
 * connection (`MaxSessions`); where fewer are allowed, those that were opened do the work.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Client, type ConnectConfig, type ServerHostKeyAlgorithm, type SFTPWrapper } from 'ssh2';

import { Failure, messageOf } from '../../base/failure.ts';
import { readHostKeys, type HostKeys } from './host-trust.ts';
import { SftpChannel } from './sftp-channel.ts';
import { ConnectionBroken } from './sftp-error.ts';
import { sshAddressOf, type SshLocation } from './ssh-location.ts';

const MOST_CHANNELS = 4;
const KEEPALIVE_MS = 30_000;

/** A connection that is up, or was. */
export class SshSession {
  readonly #client: Client;
  readonly #idleMs: number;
  readonly #channels: SftpChannel[] = [];
  #opening: Promise<SftpChannel> | undefined;
  #mostChannels = MOST_CHANNELS;
  #broken: Error | undefined;

  private constructor(client: Client, idleMs: number) {
    this.#client = client;
    this.#idleMs = idleMs;
    // Requests are small and wait for their answers: held back for company, each would wait 40 ms.
    client.setNoDelay(true);
    client.on('error', (error) => this.break(error));
    client.on('close', () => this.break(new ConnectionBroken('the connection was closed')));
  }

  /** Connects and logs in. @throws {Failure} `denied` (host or login), `usage`; what the network says as it is. */
  static async connect(location: SshLocation, idleMs: number): Promise<SshSession> {
    const hostKeys = await readHostKeys(location);
    const config = await connectConfig(location, idleMs);
    return new SshSession(await connected(location, config, hostKeys), idleMs);
  }

  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /** The channel with the least to do; a further one if all are busy. */
  async channel(): Promise<SftpChannel> {
    const free = this.#channels.toSorted((left, right) => left.load - right.load)[0];
    if (free !== undefined && (free.load === 0 || this.#channels.length >= this.#mostChannels)) return free;
    this.#opening ??= this.#openChannel().finally(() => (this.#opening = undefined));
    if (free === undefined) return this.#opening;
    // Nobody waits for a further channel: it is there for those that come later.
    this.#opening.catch(() => (this.#mostChannels = this.#channels.length));
    return free;
  }

  /** Ends the connection and everything that waits for it. */
  break(error: Error): void {
    if (this.#broken !== undefined) return;
    this.#broken = error;
    for (const channel of this.#channels) channel.break(error);
    this.#client.destroy();
  }

  async #openChannel(): Promise<SftpChannel> {
    const { promise, resolve, reject } = Promise.withResolvers<SFTPWrapper>();
    if (this.#broken !== undefined) throw this.#broken;
    const timer = setTimeout(
      () => reject(new ConnectionBroken(`the server opened no SFTP channel within ${this.#idleMs / 1000} s`)),
      this.#idleMs,
    );
    const onClose = (): void => reject(new ConnectionBroken('the connection was closed'));
    this.#client.once('close', onClose);
    try {
      this.#client.sftp((error, opened) => (error === undefined ? resolve(opened) : reject(error)));
      const sftp = await promise;
      const channel = new SftpChannel(sftp, this.#idleMs, (error) => this.break(error));
      sftp.on('error', (error: Error) => this.break(error));
      sftp.on('close', () => this.break(new ConnectionBroken('the SFTP server ended')));
      this.#channels.push(channel);
      return channel;
    } finally {
      clearTimeout(timer);
      this.#client.off('close', onClose);
    }
  }
}

async function readKey(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read the private key ${file}: ${messageOf(error)}`,
      remedy: 'Name a file that the user that runs walkback may read.',
      cause: error,
    });
  }
}

async function connectConfig(location: SshLocation, idleMs: number): Promise<ConnectConfig> {
  const { host, port, username, password, privateKeyFile, privateKeyPassphrase, agentSocket } = location;
  const privateKey = privateKeyFile === undefined ? undefined : await readKey(privateKeyFile);
  const isUsed = { publickey: privateKey, agent: agentSocket, password, 'keyboard-interactive': password };
  const methods = (['publickey', 'agent', 'password', 'keyboard-interactive'] as const).filter(
    (method) => isUsed[method] !== undefined,
  );
  return {
    host,
    port,
    username,
    readyTimeout: idleMs,
    keepaliveInterval: KEEPALIVE_MS,
    authHandler: ['none', ...methods],
    tryKeyboard: password !== undefined,
    ...(password === undefined ? {} : { password }),
    ...(agentSocket === undefined ? {} : { agent: agentSocket }),
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(privateKeyPassphrase === undefined ? {} : { passphrase: privateKeyPassphrase }),
  };
}

const ALGORITHMS: readonly (readonly [type: string, algorithms: readonly ServerHostKeyAlgorithm[]])[] = [
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256']],
];

/** Asks the host for a kind of key that it is known by: it has several, and another one would look like a stranger's. */
function hostKeyAlgorithms({ types }: HostKeys): Pick<ConnectConfig, 'algorithms'> {
  const wanted = ALGORITHMS.filter(([type]) => types.includes(type)).flatMap(([, algorithms]) => algorithms);
  return wanted.length === 0 ? {} : { algorithms: { serverHostKey: wanted } };
}

async function connected(location: SshLocation, config: ConnectConfig, hostKeys: HostKeys): Promise<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const client = new Client();
  let refusal: Failure | undefined;
  client.on('ready', () => resolve(client));
  client.on('error', (error) => reject(refusal ?? error));
  client.on('close', () => reject(refusal ?? new ConnectionBroken('the connection was closed during the login')));
  client.on('keyboard-interactive', (_name, _text, _language, prompts, answer) =>
    answer(prompts.map(() => config.password ?? '')),
  );
  const hostVerifier = (blob: Buffer): boolean => {
    refusal = hostKeys.problemWith(blob);
    return refusal === undefined;
  };
  try {
    client.connect({ ...config, ...hostKeyAlgorithms(hostKeys), hostVerifier });
  } catch (error) {
    // What the library says of a key holds nothing of it.
    throw new Failure('usage', {
      message: `cannot log in to ${sshAddressOf(location)}: ${messageOf(error)}`,
      remedy: 'Check the private key file and its passphrase.',
      cause: error,
    });
  }
  return promise.catch((error: unknown) => {
    client.destroy();
    throw error;
  });
}
