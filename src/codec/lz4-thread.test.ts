import { randomBytes } from 'node:crypto';

import { afterEach, describe, expect, it } from 'vitest';

import { lz4CompressSync } from './lz4-frame.ts';
import { Lz4Thread } from './lz4-thread.ts';

const MIB = 1024 * 1024;

function likeWal(sizeBytes: number): Buffer {
  return Buffer.concat([randomBytes(Math.floor(sizeBytes / 2)), Buffer.alloc(Math.ceil(sizeBytes / 2), 'ab')]);
}

describe('LZ4 on a thread of its own', () => {
  const thread = new Lz4Thread();
  afterEach(async () => thread.end());

  it('makes the frames that are made on this one, of several objects asked for at once', async () => {
    const objects = [9 * MIB, 100, 16 * MIB, 0, 4 * MIB].map(likeWal);
    const frames = await Promise.all(objects.map(async (data) => thread.compress(data)));
    expect(frames.map((frame, at) => frame.equals(lz4CompressSync(objects[at] ?? Buffer.alloc(0))))).toEqual(
      objects.map(() => true),
    );
  });

  it('has taken what it was given: the memory may be used for something else afterwards', async () => {
    const data = likeWal(MIB);
    const expected = lz4CompressSync(data);
    const first = await thread.compress(data);
    data.fill(7);
    await thread.compress(data);
    expect(first.equals(expected)).toBe(true);
  });

  it('fails with what it is at when it is ended, and starts again with the next', async () => {
    const large = likeWal(48 * MIB);
    await thread.compress(large);
    const outcome = thread.compress(large).catch((error: unknown) => error);
    // Behind its turn.
    await new Promise((done) => setTimeout(done, 0));
    await thread.end();
    expect(await outcome).toMatchObject({ kind: 'failed', message: expect.stringContaining('lz4') });
    expect((await thread.compress(Buffer.from('again'))).equals(lz4CompressSync(Buffer.from('again')))).toBe(true);
  });
});
