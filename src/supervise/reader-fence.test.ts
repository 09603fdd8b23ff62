import { describe, expect, it } from 'vitest';

import { ReaderFence } from './reader-fence.ts';

function fence() {
  const did: string[] = [];
  const now = { isRunning: true, isFull: false };
  const uses = {
    write: async (isFenced: boolean) => {
      if (now.isFull) throw new Error('the disk is full');
      did.push(isFenced ? 'fenced' : 'open');
    },
    reload: async () => {
      did.push('reload');
      if (!now.isRunning) throw new Error('no answer');
    },
  };
  return { fence: new ReaderFence(uses), did, now };
}

describe('the fence of a member', () => {
  it('is there before Patroni starts, and Patroni is told of each change once', async () => {
    const { fence: one, did } = fence();
    await one.beforeStart();
    for (const isFenced of [true, false, false, true, true]) await one.set(isFenced);
    expect(did).toEqual(['fenced', 'open', 'reload', 'fenced', 'reload']);
  });

  it('is set again where it was not known to be', async () => {
    const { fence: one, did, now } = fence();
    await one.beforeStart();
    now.isFull = true;
    await expect(one.set(false)).rejects.toThrow('full');
    now.isFull = false;
    now.isRunning = false;
    await expect(one.set(false)).rejects.toThrow('no answer');
    now.isRunning = true;
    await one.set(false);
    await one.set(false);
    expect(did).toEqual(['fenced', 'open', 'reload', 'open', 'reload']);
  });
});
