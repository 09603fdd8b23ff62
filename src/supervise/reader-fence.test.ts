import { describe, expect, it } from 'vitest';

import type { Fenced } from './readiness.ts';
import { ReaderFence } from './reader-fence.ts';

function fence() {
  const did: string[] = [];
  const now = { isRunning: true, isFull: false };
  const uses = {
    write: async (fenced: Fenced) => {
      if (now.isFull) throw new Error('the disk is full');
      did.push(fenced);
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
    for (const fenced of ['readers', 'nothing', 'nothing', 'readersAndLead', 'readersAndLead'] as const)
      await one.set(fenced);
    expect(did).toEqual(['readers', 'nothing', 'reload', 'readersAndLead', 'reload']);
    expect(one.wanted).toBe('readersAndLead');
  });

  it('is set again where it was not known to be', async () => {
    const { fence: one, did, now } = fence();
    await one.beforeStart();
    now.isFull = true;
    await expect(one.set('nothing')).rejects.toThrow('full');
    now.isFull = false;
    now.isRunning = false;
    await expect(one.set('nothing')).rejects.toThrow('no answer');
    now.isRunning = true;
    await one.set('nothing');
    await one.set('nothing');
    expect(did).toEqual(['readers', 'nothing', 'reload', 'nothing', 'reload']);
  });
});
