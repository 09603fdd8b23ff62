/**
 * A ring of OpenPGP keys: encrypts the key of an object's data to all of them, and decrypts it with any.
 *
 * Keys, their signatures and the packets of session keys are the library's; it is loaded when a key is set. The data of
 * objects never goes through it.
 *
 * Source: WAL-G `internal/crypto/openpgp`; RFC 9580, sections 5.1 and 10.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import type * as OpenPgp from 'openpgp';
import type { Key, PrivateKey } from 'openpgp';

import { Failure, messageOf } from '../../base/failure.ts';
import { corrupt } from '../corrupt.ts';
import type { SessionKey } from './encrypted-data.ts';
import { PACKET, packetHeader } from './packets.ts';

/** Keys as they are set. */
export interface KeyRingSetting {
  /** One block of ASCII armor; `\n` may stand for a line end. */
  readonly armored: string;
  readonly passphrase: string | undefined;
  /** Where they are set, for messages. */
  readonly source: string;
}

type Library = typeof OpenPgp;

const ARMOR_START = /-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----/g;
/** A session key packet names the key it is for in its bytes 1 to 8; all zero, and it names none. */
const KEY_ID_AT = 1;
const KEY_ID_BYTES = 8;
const NO_KEY_ID = '0'.repeat(2 * KEY_ID_BYTES);

function refuse(source: string, found: string, remedy: string, cause?: unknown): Failure {
  return new Failure('usage', { message: `cannot use the OpenPGP key in ${source}: ${found}`, remedy, cause });
}

/** Keys that are read and, if they can be, unlocked. */
export class KeyRing {
  readonly #library: Library;
  readonly #keys: Key[];
  readonly #privateKeys: PrivateKey[];
  readonly #source: string;

  constructor(library: Library, keys: Key[], privateKeys: PrivateKey[], source: string) {
    this.#library = library;
    this.#keys = keys;
    this.#privateKeys = privateKeys;
    this.#source = source;
  }

  /** A new session key, and the packets in which it is encrypted to every key of the ring. @throws {Failure} `usage` */
  async newSessionKey(): Promise<{ sessionKey: SessionKey; packets: Buffer }> {
    const { generateSessionKey, encryptSessionKey } = this.#library;
    try {
      const made = await generateSessionKey({ encryptionKeys: this.#keys });
      // Every key can be written to with AES of 128 bits, whatever else it prefers.
      const sessionKey = aesKey(made) ?? { cipher: 'aes128', key: randomBytes(16) };
      const { key, cipher } = sessionKey;
      const packets = await encryptSessionKey({
        data: key,
        algorithm: cipher,
        encryptionKeys: this.#keys,
        format: 'binary',
      });
      return { sessionKey, packets: Buffer.from(packets) };
    } catch (error) {
      throw refuse(this.#source, messageOf(error), 'Set a key that can encrypt and has not expired.', error);
    }
  }

  /** True if one of the packets is for a key of this ring whose private part is there. */
  isFor(packets: readonly Buffer[]): boolean {
    const own = this.#idsOf(this.#privateKeys);
    return packets.map(keyIdOf).some((id) => id === NO_KEY_ID || own.has(id));
  }

  /**
   * The session key of an object. @param packets the bodies of its session key packets.
   *
   * @throws {Failure} `denied` if none is for a key of the ring, `corrupt` if the one that is cannot be decrypted.
   */
  async sessionKeyOf(packets: readonly Buffer[], object: string): Promise<SessionKey> {
    if (!this.isFor(packets)) throw this.#notForUs(packets, object);
    this.#refuseLocked(object);
    const { readMessage, decryptSessionKeys } = this.#library;
    const binary = Buffer.concat(packets.flatMap((body) => [packetHeader(PACKET.sessionKey, body.length), body]));
    try {
      const message = await readMessage({ binaryMessage: binary });
      const [found] = await decryptSessionKeys({ message, decryptionKeys: this.#privateKeys });
      const { data, algorithm } = found ?? {};
      const sessionKey = data && algorithm ? aesKey({ data, algorithm }) : undefined;
      if (sessionKey !== undefined) return sessionKey;
      throw new Failure('refused', {
        message: `cannot read ${object}: it is encrypted with ${algorithm ?? 'an unknown cipher'}, which is not supported`,
        remedy: 'Decrypt it with gpg. WAL-G writes AES.',
      });
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw corrupt(object, 'the packet that holds its key is damaged', undefined, error);
    }
  }

  #idsOf(keys: readonly Key[]): Set<string> {
    return new Set(keys.flatMap((key) => key.getKeyIDs().map((id) => id.toHex())));
  }

  #notForUs(packets: readonly Buffer[], object: string): Failure {
    const wanted = packets.map(keyIdOf);
    const all = this.#idsOf(this.#keys);
    if (wanted.some((id) => all.has(id))) {
      return new Failure('denied', {
        message: `cannot read ${object}: ${this.#source} holds the public key alone, with which nothing can be decrypted`,
        remedy: `Set ${this.#source} to the private key where archives are read.`,
      });
    }
    const ids = (list: Iterable<string>): string => Array.from(list, (id) => `0x${id.toUpperCase()}`).join(', ');
    return new Failure('denied', {
      message: `cannot read ${object}: it is encrypted to ${ids(wanted)}, and the key from ${this.#source} is ${ids(all)}`,
      remedy: `Set ${this.#source} to the private key it was encrypted to.`,
    });
  }

  #refuseLocked(object: string): void {
    if (this.#privateKeys.some((key) => key.isDecrypted())) return;
    throw new Failure('denied', {
      message: `cannot read ${object}: the private key from ${this.#source} has a passphrase`,
      remedy: 'Set WALG_PGP_KEY_PASSPHRASE.',
    });
  }
}

function keyIdOf(packet: Buffer): string {
  return packet.subarray(KEY_ID_AT, KEY_ID_AT + KEY_ID_BYTES).toString('hex');
}

function aesKey({ data, algorithm }: { data: Uint8Array; algorithm: string | null }): SessionKey | undefined {
  switch (algorithm) {
    case 'aes128':
    case 'aes192':
    case 'aes256':
      return data.length === Number(algorithm.slice(3)) / 8 ? { cipher: algorithm, key: data } : undefined;
    default:
      return undefined;
  }
}

async function unlocked(library: Library, key: PrivateKey, passphrase: string, source: string): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  try {
    return await library.decryptKey({ privateKey: key, passphrase });
  } catch (error) {
    throw refuse(source, 'WALG_PGP_KEY_PASSPHRASE does not unlock it', 'Correct WALG_PGP_KEY_PASSPHRASE.', error);
  }
}

/** Reads keys, and unlocks them if there is a passphrase. @throws {Failure} `usage` if they are none. Shows nothing of them. */
export async function openKeyRing({ armored, passphrase, source }: KeyRingSetting): Promise<KeyRing> {
  const text = armored.replaceAll(String.raw`\n`, '\n');
  const blocks = text.match(ARMOR_START)?.length ?? 0;
  if (blocks !== 1) {
    const found = blocks === 0 ? 'there is no armored key block in it' : `there are ${blocks} armored key blocks in it`;
    throw refuse(
      source,
      found,
      'Give one block, as "gpg --armor --export-secret-keys ID" writes it; it may hold several keys.',
    );
  }
  const library = await import('openpgp');
  try {
    const keys = await library.readKeys({ armoredKeys: text });
    const privateKeys: PrivateKey[] = [];
    for (const key of keys) {
      if (!key.isPrivate()) continue;
      privateKeys.push(passphrase === undefined ? key : await unlocked(library, key, passphrase, source));
    }
    return new KeyRing(library, keys, privateKeys, source);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw refuse(source, messageOf(error), 'Give it as "gpg --armor --export-secret-keys ID" writes it.', error);
  }
}
