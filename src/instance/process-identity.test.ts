import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { identityOf, isKnownOther, isSameProcessAlive } from './process-identity.ts';

describe('a process by its number, its start and the start of the machine', () => {
  it('is alive while it runs, and no more when it has ended', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const identity = await identityOf(child.pid ?? 0);
    expect(await isSameProcessAlive(identity)).toBe(true);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await isSameProcessAlive(identity)).toBe(false);
  });

  it('is not one that began at another time, or before the machine was started again', async () => {
    const own = await identityOf(process.pid);
    expect(await isSameProcessAlive({ ...own, start: '1' })).toBe(false);
    expect(await isSameProcessAlive({ ...own, boot: 'another' })).toBe(false);
  });

  it('is taken for alive where nothing tells that it is another one', async () => {
    const own = await identityOf(process.pid);
    expect(await isSameProcessAlive({ ...own, start: '?' })).toBe(true);
    expect(await isSameProcessAlive({ ...own, boot: '?' })).toBe(true);
    const { pid } = spawnSync('true');
    expect(await isSameProcessAlive({ pid, start: '?', boot: '?' })).toBe(false);
  });

  it('is another one only where both sides are told', () => {
    expect([isKnownOther('7', '8'), isKnownOther('7', '7')]).toEqual([true, false]);
    expect([isKnownOther('?', '8'), isKnownOther('7', '?')]).toEqual([false, false]);
  });
});
