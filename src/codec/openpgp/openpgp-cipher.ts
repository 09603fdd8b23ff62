/**
 * Objects encrypted with OpenPGP, as WAL-G reads and writes them: the key of the data encrypted to every key of a ring,
 * and one encrypted packet with one literal packet in it, not compressed and not signed.
 *
 * Read too: what other programs put around that (signatures, which are not checked: the archive's key is proof of
 * nothing but that somebody had it; markers and padding). Refused: compressed packets, encryption without modification
 * detection, and encryption with a password.
 *
 * WAL-G says that its data is text, which makes `gpg --decrypt` change line ends; here it is written as what it is.
 *
 * Source: RFC 9580, sections 5.9 and 10.3; WAL-G `internal/crypto/openpgp/crypter.go`.
 *
 * @module
 */

import type { Cipher } from '../../base/cipher.ts';
import { Failure } from '../../base/failure.ts';
import { ByteSource } from '../byte-source.ts';
import { corrupt } from '../corrupt.ts';
import { refuseForeign } from '../foreign-object.ts';
import { decryptedBody, encryptedBody } from './encrypted-data.ts';
import type { KeyRing } from './key-ring.ts';
import { nextPacket, PACKET, streamedPacket, type Packet, type PacketSource } from './packets.ts';

/** A session key packet of RSA with 16,384 bits has 2,060 bytes. */
const MOST_SESSION_KEY_BYTES = 4096;
const MOST_SESSION_KEYS = 256;
const PIECE_BYTES = 256 * 1024;
/** Session keys have room in it. */
const START_BYTES = 64 * 1024;
const LITERAL_BINARY = 0x62;
const SAMPLE_BYTES = 4096;

/** What a message to somebody begins with, encrypted or not. */
const FIRST_TAGS: ReadonlySet<number> = new Set([
  PACKET.sessionKey,
  PACKET.passwordSessionKey,
  PACKET.encrypted,
  PACKET.encryptedUnprotected,
]);
const SKIPPED_TAGS: ReadonlySet<number> = new Set([
  PACKET.marker,
  PACKET.padding,
  PACKET.signature,
  PACKET.onePassSignature,
]);

function isSkipped(tag: number): boolean {
  return SKIPPED_TAGS.has(tag);
}

async function skip(packet: Packet): Promise<void> {
  for await (const _ of packet.pieces());
}

function unsupported(object: string, found: string): Failure {
  return new Failure('refused', {
    message: `cannot read ${object}: ${found}, which WAL-G does not write and is not supported`,
    remedy: 'Find out what wrote it; gpg may decrypt it.',
  });
}

/** What stands before the encrypted packet, and that packet. */
async function opened(source: PacketSource): Promise<{ sessionKeys: Buffer[]; encrypted: Packet }> {
  const { input, object } = source;
  if ((await input.peek(1)).length === 0) throw corrupt(object, 'it is empty');
  const sessionKeys: Buffer[] = [];
  for (;;) {
    const packet = input.offset === 0 ? await firstPacket(source) : await nextPacket(source);
    if (packet === undefined) throw corrupt(object, 'it ends before its encrypted data', input.offset);
    if (packet.tag === PACKET.encrypted) {
      if (sessionKeys.length === 0) throw unsupported(object, 'it is encrypted with a password alone');
      return { sessionKeys, encrypted: packet };
    }
    if (packet.tag === PACKET.sessionKey) {
      if (sessionKeys.length === MOST_SESSION_KEYS) throw corrupt(object, 'it has too many session keys');
      sessionKeys.push(await packet.whole(MOST_SESSION_KEY_BYTES));
    } else if (packet.tag === PACKET.encryptedUnprotected) {
      throw unsupported(object, 'its encrypted data has no modification detection');
    } else if (packet.tag === PACKET.passwordSessionKey || isSkipped(packet.tag)) {
      await skip(packet);
    } else {
      throw corrupt(object, `a packet of kind ${packet.tag} does not belong there`, packet.startByte);
    }
  }
}

/** The packet an object begins with. @throws {Failure} what the object is, if it is no OpenPGP message. */
async function firstPacket(source: PacketSource): Promise<Packet | undefined> {
  const start = Buffer.from(await source.input.peek(SAMPLE_BYTES));
  const tag = ((start[0] ?? 0) & 0xc0) === 0xc0 ? (start[0] ?? 0) & 0x3f : ((start[0] ?? 0) >> 2) & 0xf;
  const isMessage = (start[0] ?? 0) >= 0x80 && (FIRST_TAGS.has(tag) || isSkipped(tag));
  if (isMessage) return nextPacket(source);
  refuseForeign(start, source.object, 'OpenPGP');
  throw corrupt(
    source.object,
    'it does not begin as an OpenPGP message: it is damaged, or encrypted with something else',
  );
}

/** The data of the literal packet inside. Reads to the end. */
async function* literalData(source: PacketSource): AsyncGenerator<Buffer> {
  let hasData = false;
  for (;;) {
    const packet = await nextPacket(source);
    if (packet === undefined) break;
    if (packet.tag === PACKET.compressed) throw unsupported(source.object, 'its data is compressed by OpenPGP');
    if (packet.tag === PACKET.literal && !hasData) {
      hasData = true;
      yield* withoutLiteralHeader(packet, source);
    } else if (isSkipped(packet.tag)) {
      await skip(packet);
    } else {
      throw corrupt(source.object, `a packet of kind ${packet.tag} is in its encrypted data`);
    }
  }
  if (!hasData) throw corrupt(source.object, 'there is no data in it');
}

async function* withoutLiteralHeader(packet: Packet, { object }: PacketSource): AsyncGenerator<Buffer> {
  const body = new ByteSource(packet.pieces());
  const [, nameBytes = 0] = await body.take(2);
  const restBytes = nameBytes + 4;
  if ((await body.take(restBytes)).length < restBytes) throw corrupt(object, 'its literal packet is cut');
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const filledBytes = await body.takeInto(piece);
    if (filledBytes > 0) yield filledBytes === PIECE_BYTES ? piece : Buffer.from(piece.subarray(0, filledBytes));
    if (filledBytes < PIECE_BYTES) return;
  }
}

class OpenPgpCipher implements Cipher {
  readonly name = 'OpenPGP';
  /** Any key: rings change, and what is written to another one is still read by whoever has both. */
  readonly keyMark = 'OpenPGP';
  readonly startBytes = START_BYTES;
  readonly keySource: string;
  readonly #ring: KeyRing;

  constructor(ring: KeyRing, keySource: string) {
    this.#ring = ring;
    this.keySource = keySource;
  }

  async encrypt(plain: Uint8Array): Promise<Buffer> {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield plain;
    }
    return Buffer.concat(await Array.fromAsync(this.encryptStream(once())));
  }

  async *encryptStream(plain: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    async function* literalBody(): AsyncGenerator<Uint8Array> {
      // Its kind, no name, no date.
      yield Buffer.from([LITERAL_BINARY, 0, 0, 0, 0, 0]);
      yield* plain;
    }
    const { sessionKey, packets } = await this.#ring.newSessionKey();
    yield packets;
    const literal = streamedPacket(PACKET.literal, new ByteSource(literalBody()));
    const body = new ByteSource(encryptedBody(sessionKey, literal));
    try {
      yield* streamedPacket(PACKET.encrypted, body);
    } finally {
      await body.close();
    }
  }

  async decrypt(stored: Uint8Array, object: string): Promise<Buffer> {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield stored;
    }
    return Buffer.concat(await Array.fromAsync(this.decryptStream(once(), object)));
  }

  async *decryptStream(stored: AsyncIterable<Uint8Array>, object: string): AsyncGenerator<Buffer> {
    const outer: PacketSource = { input: new ByteSource(stored), object };
    try {
      const { sessionKeys, encrypted } = await opened(outer);
      const sessionKey = await this.#ring.sessionKeyOf(sessionKeys, object);
      const inner = new ByteSource(decryptedBody(sessionKey, encrypted.pieces(), object));
      yield* literalData({ input: inner, object });
      if ((await outer.input.peek(1)).length > 0) {
        throw corrupt(object, 'there is something after its encrypted data', outer.input.offset);
      }
    } finally {
      await outer.input.close();
    }
  }

  async opens(start: Uint8Array): Promise<boolean> {
    async function* once(): AsyncGenerator<Uint8Array> {
      yield start;
    }
    try {
      const { sessionKeys } = await opened({ input: new ByteSource(once()), object: '' });
      return this.#ring.isFor(sessionKeys);
    } catch {
      return false;
    }
  }

  storedBytesFor(): number {
    // The proof of what was encrypted is its end.
    return Infinity;
  }
}

/** The cipher of a ring of keys. @param keySource the setting, for messages. */
export function openPgpCipher(ring: KeyRing, keySource: string): Cipher {
  return new OpenPgpCipher(ring, keySource);
}
