import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { exists } from './server.ts';
import { takeSpoolLock } from './spool-lock.ts';
import { emptySpool, isServing, serveFrom, spoolKey } from './spool.ts';

const owner = { systemIdentifier: 7234567890123456789n, timeline: 2, history: '1\t0/3000000\tx\n' };

describe('a spool', () => {
  let spool: string;

  beforeEach(async () => {
    spool = await mkdtemp(join(tmpdir(), 'walkback spool '));
  });
  afterEach(async () => rm(spool, { recursive: true }));

  it('has another key for another cluster, another timeline, and the same number after another branch', () => {
    const keys = [
      owner,
      { ...owner, systemIdentifier: 8n },
      { ...owner, timeline: 3 },
      { ...owner, history: '1\t0/4000000\tx\n' },
    ].map(spoolKey);
    expect(new Set(keys).size).toBe(4);
  });

  it('serves one life from empty, whatever it or another has left', async () => {
    const first = await serveFrom(spool, owner, '/data');
    await writeFile(join(first.acknowledged, '0000000200000000000000A1'), '');
    await serveFrom(spool, { ...owner, timeline: 3 }, '/data');
    expect(await exists(first.acknowledged)).toBe(false);
    await serveFrom(spool, owner, '/data');
    expect(await readdir(first.acknowledged)).toEqual([]);
    expect(await readlink(join(spool, 'current'))).toBe(first.key);
  });

  it('serves nobody once it was emptied, and can be emptied before it was ever used', async () => {
    await emptySpool(join(spool, 'not there'));
    const { key } = await serveFrom(spool, owner, '/data');
    expect(await isServing(spool, key)).toBe(true);
    await emptySpool(spool);
    expect(await isServing(spool, key)).toBe(false);
    expect(await readdir(spool)).toEqual([]);
  });
});

describe('the lock of a spool', () => {
  let path: string;
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-lock-'));
    path = join(root, 'agent.lock');
  });
  afterEach(async () => rm(root, { recursive: true }));

  it('is held by one at a time, and free again when released', async () => {
    const lock = await takeSpoolLock(path);
    await expect(takeSpoolLock(path)).rejects.toMatchObject({ kind: 'conflict' });
    await lock.release();
    await (await takeSpoolLock(path)).release();
    expect(await exists(path)).toBe(false);
  });

  it('is free at once when its holder is known to be dead', async () => {
    const lock = await takeSpoolLock(path);
    const space = await readlink('/proc/self/ns/pid').catch(() => process.platform);
    await writeFile(path, `someone\t4194303\t${space}\n`);
    const next = await takeSpoolLock(path);
    await expect(lock.touch()).rejects.toMatchObject({ kind: 'conflict' });
    await next.touch();
  });
});
