import { describe, expect, it } from 'vitest';

import { WalBuffers } from './wal-buffers.ts';

describe('buffers for WAL', () => {
  it('are as many as were said, and used again', async () => {
    const buffers = new WalBuffers({ count: 2, sizeBytes: 4096 });
    const [first, second] = [await buffers.take(), await buffers.take()];
    expect([first.length, second.length]).toEqual([4096, 4096]);
    let third: Buffer | undefined;
    const waiting = buffers.take().then((buffer) => (third = buffer));
    await new Promise((done) => setTimeout(done, 5));
    expect(third).toBeUndefined();
    buffers.giveBack(second);
    expect(await waiting).toBe(second);
    buffers.giveBack(first);
    expect(await buffers.take()).toBe(first);
  });

  it('are given to those who wait in the order they came', async () => {
    const buffers = new WalBuffers({ count: 1, sizeBytes: 10 });
    const order: string[] = [];
    const only = await buffers.take();
    const each = ['a', 'b', 'c'].map(async (name) => {
      const buffer = await buffers.take();
      order.push(name);
      buffers.giveBack(buffer);
    });
    buffers.giveBack(only);
    await Promise.all(each);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('are freed when nobody has them, and made again', async () => {
    const buffers = new WalBuffers({ count: 2, sizeBytes: 100_000 });
    const [kept, unused] = [await buffers.take(), await buffers.take()];
    buffers.giveBack(unused);
    buffers.freeUnused();
    expect([kept.length, unused.length]).toEqual([100_000, 0]);
    expect((await buffers.take()).length).toBe(100_000);
  });

  it('are more while pushing is behind, for those who wait too, and those beyond the usual number are freed', async () => {
    const buffers = new WalBuffers({ count: 1, countBehind: 2, sizeBytes: 100_000 });
    const first = await buffers.take();
    const waiting = buffers.take();
    buffers.isBehind = true;
    const second = await waiting;
    expect(second).not.toBe(first);
    buffers.isBehind = false;
    const third = buffers.take();
    buffers.giveBack(first);
    expect(first.length).toBe(0);
    buffers.giveBack(second);
    expect(await third).toBe(second);
  });
});
