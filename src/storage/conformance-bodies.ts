/**
 * The contract of `object-store.ts` as tests: bodies that come and go in pieces.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { expect, it } from 'vitest';

import { keysOf, readOpened, type StoreUnderTest } from './conformance-support.ts';

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** Bodies that arrive. */
export function wholeBodies({ open, largeBodyBytes }: StoreUnderTest): void {
  it.each([1, 7, 0, -1])(
    `writes and reads a large body in pieces of odd sizes (%i bytes beyond)`,
    async (extraBytes) => {
      const store = await open();
      const bytes = randomBytes(largeBodyBytes + extraBytes);
      expect(await store.put('large', inPieces(bytes, 1_000_003))).toBe('written');
      expect((await store.stat('large'))?.sizeBytes).toBe(bytes.byteLength);
      expect((await readOpened(store, 'large')).equals(bytes)).toBe(true);
      const range = { startByte: bytes.byteLength - 70_001, lengthBytes: 70_000 };
      expect((await store.get('large', { range }))?.equals(bytes.subarray(-70_001, -1))).toBe(true);
    },
  );

  it('writes a large body that is in memory, and small and empty ones that come in pieces', async () => {
    const store = await open();
    const bytes = randomBytes(largeBodyBytes + 13);
    await store.put('in-memory', bytes);
    expect((await store.get('in-memory'))?.equals(bytes)).toBe(true);
    await store.put('small', inPieces(Buffer.from('small'), 2));
    expect((await store.get('small'))?.toString()).toBe('small');
    await store.put('empty', inPieces(Buffer.alloc(0), 2));
    expect(await store.get('empty')).toEqual(Buffer.alloc(0));
  });

  it('writes a large body with ifAbsent only if nothing is there', async () => {
    const store = await open();
    const bytes = randomBytes(largeBodyBytes + 1);
    const put = (): Promise<string> => store.put('large', inPieces(bytes, 999_999), { ifAbsent: true });
    expect((await Promise.all([put(), put(), put()])).toSorted()).toEqual(['exists', 'exists', 'written']);
    expect(await put()).toBe('exists');
    expect((await store.get('large'))?.equals(bytes)).toBe(true);
  });
}

/** Bodies that do not. */
export function brokenBodies({ open, largeBodyBytes }: StoreUnderTest): void {
  it('leaves nothing of a body that fails midway, and what was there before', async () => {
    const store = await open();
    const failing = async function* (): AsyncGenerator<Buffer> {
      yield* inPieces(randomBytes(largeBodyBytes), 1_000_003);
      throw new Error('the source failed');
    };
    await expect(store.put('new', failing())).rejects.toThrow('the source failed');
    await store.put('old', Buffer.from('before'));
    await expect(store.put('old', failing())).rejects.toThrow('the source failed');
    expect(await keysOf(store.list(''))).toEqual(['old']);
    expect((await store.get('old'))?.toString()).toBe('before');
  });

  it('ends a write that is cancelled, with the reason of the one who did, and leaves nothing', async () => {
    const store = await open();
    const cancel = new AbortController();
    const cancelled = async function* (): AsyncGenerator<Buffer> {
      yield randomBytes(largeBodyBytes);
      cancel.abort(new Error('no longer wanted'));
      yield* inPieces(randomBytes(largeBodyBytes), 1_000_003);
    };
    await expect(store.put('k', cancelled(), { signal: cancel.signal })).rejects.toThrow('no longer wanted');
    expect(await keysOf(store.list(''))).toEqual([]);
    await expect(store.get('k', { signal: cancel.signal })).rejects.toThrow('no longer wanted');
  });

  it('lets a reader stop early', async () => {
    const store = await open();
    await store.put('large', randomBytes(largeBodyBytes));
    let readBytes = 0;
    for await (const piece of (await store.open('large')) ?? []) {
      readBytes += piece.byteLength;
      break;
    }
    expect(readBytes).toBeGreaterThan(0);
    expect((await store.stat('large'))?.sizeBytes).toBe(largeBodyBytes);
  });
}
