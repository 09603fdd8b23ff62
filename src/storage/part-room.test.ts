import { describe, expect, it } from 'vitest';

import { partsOf } from './body.ts';
import { PartRoom } from './part-room.ts';

const PART_BYTES = 1024 * 1024;

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < count; piece += 1) yield Buffer.alloc(PART_BYTES / 4, piece);
}

describe('the memory of parts', () => {
  it('is filled again when a part was sent, and holds what the body holds each time', async () => {
    const room = new PartRoom(PART_BYTES);
    const memories = new Set<ArrayBufferLike>();
    await room.during(async () => {
      let at = 0;
      for await (const part of partsOf(pieces(41), room)) {
        for (let quarter = 0; quarter < part.byteLength; quarter += PART_BYTES / 4) {
          expect(part[quarter]).toBe(at);
          at += 1;
        }
        memories.add(part.buffer);
        await room.turn(undefined);
        await room.sent(part, async () => {});
      }
      expect(at).toBe(41);
    });
    expect(memories.size).toBe(1);
  });

  it('is not filled again when sending has failed: a connection may still read from it', async () => {
    const room = new PartRoom(PART_BYTES);
    const memories = new Set<ArrayBufferLike>();
    await room.during(async () => {
      for await (const part of partsOf(pieces(8), room)) {
        memories.add(part.buffer);
        await room.turn(undefined);
        await room.sent(part, () => Promise.reject(new Error('away'))).catch(() => {});
      }
    });
    expect(memories.size).toBe(2);
  });
});
