/**
 * OpenPGP's packets: where each begins and ends in a stream, and how they are written.
 *
 * Source: RFC 9580, section 4.2.
 *
 * @module
 */

import type { ByteSource } from '../byte-source.ts';
import { corrupt } from '../corrupt.ts';

/** The kinds of packets that are read here. */
export const PACKET = {
  sessionKey: 1,
  signature: 2,
  passwordSessionKey: 3,
  onePassSignature: 4,
  compressed: 8,
  encryptedUnprotected: 9,
  marker: 10,
  literal: 11,
  encrypted: 18,
  modificationDetection: 19,
  padding: 21,
} as const;

/** How long a packet's body, or the part of it that comes next, is; `toTheEnd` only in the old format. */
type BodyLength = { readonly bytes: number; readonly isPartial: boolean } | 'toTheEnd';

/** Where packets are read from. */
export interface PacketSource {
  readonly input: ByteSource;
  readonly object: string;
}

/** A packet whose body is to be read, or skipped, before the next one is asked for. */
export interface Packet {
  readonly tag: number;
  /** Where it begins, in its source. */
  readonly startByte: number;
  /** The body, in pieces as they came. @throws {Failure} `corrupt` if the source ends before. */
  pieces(): AsyncGenerator<Buffer>;
  /** The whole body. @throws {Failure} `corrupt` if it is longer than `mostBytes`. */
  whole(mostBytes: number): Promise<Buffer>;
}

const PIECE_BYTES = 256 * 1024;

async function takeExactly(source: PacketSource, lengthBytes: number): Promise<Buffer> {
  const bytes = await source.input.take(lengthBytes);
  if (bytes.length < lengthBytes) throw endsInside(source);
  return bytes;
}

function endsInside({ object, input }: PacketSource): Error {
  return corrupt(object, 'it ends inside an OpenPGP packet', input.offset);
}

async function newLength(source: PacketSource): Promise<BodyLength> {
  const [first = 0] = await takeExactly(source, 1);
  if (first < 192) return { bytes: first, isPartial: false };
  if (first < 224) {
    const [second = 0] = await takeExactly(source, 1);
    return { bytes: ((first - 192) << 8) + second + 192, isPartial: false };
  }
  if (first < 255) return { bytes: 2 ** (first & 31), isPartial: true };
  return { bytes: (await takeExactly(source, 4)).readUInt32BE(0), isPartial: false };
}

async function oldLength(source: PacketSource, kind: number): Promise<BodyLength> {
  if (kind === 3) return 'toTheEnd';
  const lengthBytes = 2 ** kind;
  return { bytes: (await takeExactly(source, lengthBytes)).readUIntBE(0, lengthBytes), isPartial: false };
}

async function* bodyPieces(source: PacketSource, first: BodyLength): AsyncGenerator<Buffer> {
  let length = first;
  for (;;) {
    let leftBytes = length === 'toTheEnd' ? Infinity : length.bytes;
    while (leftBytes > 0) {
      const piece = await source.input.takeSome(Math.min(leftBytes, PIECE_BYTES));
      if (piece.length === 0) {
        if (length === 'toTheEnd') return;
        throw endsInside(source);
      }
      leftBytes -= piece.length;
      yield piece;
    }
    if (length === 'toTheEnd' || !length.isPartial) return;
    length = await newLength(source);
  }
}

async function wholeBody(pieces: AsyncIterable<Buffer>, mostBytes: number, tooLong: () => Error): Promise<Buffer> {
  const parts: Buffer[] = [];
  let lengthBytes = 0;
  for await (const piece of pieces) {
    lengthBytes += piece.length;
    if (lengthBytes > mostBytes) throw tooLong();
    // A source may use a piece's memory again.
    parts.push(Buffer.from(piece));
  }
  return Buffer.concat(parts);
}

/** The next packet; `undefined` if the source has ended. @throws {Failure} `corrupt` if what comes is none. */
export async function nextPacket(source: PacketSource): Promise<Packet | undefined> {
  const startByte = source.input.offset;
  const [first] = await source.input.take(1);
  if (first === undefined) return undefined;
  if (first < 0x80) throw corrupt(source.object, 'what comes is no OpenPGP packet', startByte);
  const isNewFormat = first >= 0xc0;
  const length = isNewFormat ? await newLength(source) : await oldLength(source, first & 3);
  const pieces = (): AsyncGenerator<Buffer> => bodyPieces(source, length);
  const tooLong = (): Error => corrupt(source.object, 'an OpenPGP packet is longer than it can be', startByte);
  return {
    tag: isNewFormat ? first & 0x3f : (first >> 2) & 0xf,
    startByte,
    pieces,
    whole: (mostBytes) => wholeBody(pieces(), mostBytes, tooLong),
  };
}

function lengthOf(bodyBytes: number): Buffer {
  if (bodyBytes < 192) return Buffer.from([bodyBytes]);
  if (bodyBytes < 8384) return Buffer.from([((bodyBytes - 192) >> 8) + 192, (bodyBytes - 192) & 0xff]);
  const length = Buffer.alloc(5, 0xff);
  length.writeUInt32BE(bodyBytes, 1);
  return length;
}

/** The beginning of a packet of known length. */
export function packetHeader(tag: number, bodyBytes: number): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | tag]), lengthOf(bodyBytes)]);
}

/** Packets of unknown length are written in parts of so many bytes, which is what a length byte can say. */
const PART_BYTES = 2 ** 18;
const PART_LENGTH = 0xe0 | 18;

/** A packet of unknown length: its beginning, and its body in parts, the last of which says its length. */
export async function* streamedPacket(tag: number, body: ByteSource): AsyncGenerator<Buffer> {
  let start = Buffer.from([0xc0 | tag]);
  for (let isLast = false; !isLast;) {
    const part = await body.take(PART_BYTES);
    isLast = part.length < PART_BYTES;
    yield Buffer.concat([start, isLast ? lengthOf(part.length) : Buffer.from([PART_LENGTH]), part]);
    start = Buffer.alloc(0);
  }
}
