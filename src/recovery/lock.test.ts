import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lockRecoveries } from './lock.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the lock of recoveries', () => {
  it('is held by one at a time, and leaves nothing behind', async () => {
    {
      await using _lock = await lockRecoveries(folder);
      await expect(lockRecoveries(folder)).rejects.toMatchObject({
        kind: 'conflict',
        message: expect.stringContaining(String(process.pid)),
      });
    }
    expect(await readdir(folder)).toEqual([]);
    await (await lockRecoveries(folder))[Symbol.asyncDispose]();
  });

  it('is taken over from a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    await once(child, 'exit');
    await writeFile(join(folder, 'lock'), `${child.pid} 12345 ${hostname()}\n`);
    await (await lockRecoveries(folder))[Symbol.asyncDispose]();
  });

  it('is taken over when another process has the number since', async () => {
    await writeFile(join(folder, 'lock'), `${process.pid} 1 ${hostname()}\n`);
    await (await lockRecoveries(folder))[Symbol.asyncDispose]();
  });

  it('is taken over after the machine has been started again, whoever has the number now', async () => {
    const start = (await readFile(`/proc/${process.pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ')[19];
    await writeFile(join(folder, 'lock'), `${process.pid} ${start ?? '?'} ${hostname()} an-earlier-boot\n`);
    await (await lockRecoveries(folder))[Symbol.asyncDispose]();
  });

  it('is taken over by one alone of many that find its holder gone at once', async () => {
    for (let round = 0; round < 200; round += 1) {
      await writeFile(join(folder, 'lock'), `999999999 1 ${hostname()}\n`);
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockRecoveries(folder)));
      const taken = outcomes.filter(({ status }) => status === 'fulfilled');
      expect(taken.length).toBeLessThanOrEqual(1);
      for (const one of taken) if (one.status === 'fulfilled') await one.value[Symbol.asyncDispose]();
      await rm(join(folder, 'lock'), { force: true });
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over where who had the right to remove it was killed with that', async () => {
    const stale = `999999999 1 ${hostname()} ? aa\n`;
    const right = `lock.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`;
    await writeFile(join(folder, 'lock'), stale);
    await writeFile(join(folder, right), `999999998 1 ${hostname()} ? bb\n`);
    await (await lockRecoveries(folder))[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is left to a holder on another host', async () => {
    await writeFile(join(folder, 'lock'), `1 1 elsewhere\n`);
    await expect(lockRecoveries(folder)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('elsewhere'),
    });
  });
});
