/**
 * Trials of objects that hold bytes: what is read of a changed one is what was written, or it is refused.
 *
 * @module
 */

import { isFailure } from '../../../src/base/failure.ts';
import type { Random } from '../../../tests/support/random.ts';
import { changeBytes } from './change-bytes.ts';
import type { HostileKind, HostileOutcome } from './hostile-kind.ts';

/** A name for messages. */
export const OBJECT = 'wal_005/hostile';
/** What an object may hold at most: enough for those that say too much, and not more than a trial has time for. */
export const MOST_BYTES = 8 * 1024 * 1024;

/** What an object was before it was changed. */
export interface SoundObject {
  readonly content: Buffer;
  readonly stored: Buffer;
}

/** How objects of one format are made and read. */
export interface ObjectFormat {
  readonly name: string;
  readonly weight: number;
  /** True if what is read is proven by the format: it can only be what was written, or that several times. */
  readonly isProven: boolean;
  sound(): Promise<readonly SoundObject[]>;
  whole(stored: Buffer): Promise<Buffer>;
  /** As a stream that comes in pieces of about so many bytes. */
  stream(stored: Buffer, pieceBytes: number): AsyncIterable<Buffer>;
}

async function collected(pieces: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let lengthBytes = 0;
  for await (const piece of pieces) {
    lengthBytes += piece.length;
    if (lengthBytes > MOST_BYTES) return undefined;
    parts.push(piece);
  }
  return Buffer.concat(parts);
}

/** True for the content, and for the content several times: whole frames may stand behind each other. */
function isRepeated(read: Buffer, content: Buffer): boolean {
  if (content.length === 0 || read.length % content.length !== 0) return read.length === 0 && content.length === 0;
  for (let at = 0; at < read.length; at += content.length) {
    if (read.compare(content, 0, content.length, at, at + content.length) !== 0) return false;
  }
  return read.length > 0;
}

async function readBack(format: ObjectFormat, stored: Buffer, random: Random): Promise<Buffer | undefined> {
  if (random.chance(0.5)) return format.whole(stored);
  // Tiny pieces of a large object take longer than they show.
  const pieceBytes = Math.max(random.pick([1, 7, 100, 5000, 100_000]), Math.floor(stored.length / 300));
  return collected(format.stream(stored, pieceBytes));
}

async function tryObject(
  format: ObjectFormat,
  { content, stored }: SoundObject,
  random: Random,
): Promise<HostileOutcome> {
  const input = changeBytes(stored, random);
  try {
    const got = await readBack(format, input, random);
    if (got === undefined) return { kind: 'refused' };
    if (isRepeated(got, content)) return { kind: 'same' };
    if (!format.isProven) return { kind: 'different' };
    return { kind: 'wrong', what: `${format.name}: read as ${got.length} bytes that nobody wrote`, input };
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.message.includes(OBJECT)) return { kind: 'refused' };
    return { kind: 'wrong', what: `${format.name}: the failure names no object: ${error.message}`, input };
  }
}

/** The kind of hostile input that objects of a format are. */
export function objectKind(format: ObjectFormat): HostileKind {
  return {
    name: format.name,
    weight: format.weight,
    prepare: async () => {
      const objects = await format.sound();
      return {
        tryOne: async (random) => tryObject(format, random.pick(objects), random),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  };
}
