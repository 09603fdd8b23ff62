import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

import { identityOf, isRunning } from './process-identity.ts';

describe('a process that a supervisor has written down', () => {
  it('runs until it has ended', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const identity = await identityOf(child.pid ?? 0);
    expect(await isRunning(identity)).toBe(true);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await isRunning(identity)).toBe(false);
  });

  it('is not one that began at another time, nor one of another host, nor one that had ended by then', async () => {
    const own = await identityOf(process.pid);
    expect(await isRunning(own)).toBe(true);
    expect(await isRunning({ ...own, startTicks: '1' })).toBe(false);
    expect(await isRunning({ ...own, space: 'another' })).toBe(false);
    expect(await isRunning({ ...own, startTicks: '' })).toBe(false);
  });
});
