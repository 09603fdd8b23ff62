import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { directorySize } from './directory-size.ts';
import { checkRoomForLive } from './replay-to-target.ts';
import { checkRoomForCopy } from './writable-copy.ts';

const MIB = 1024n ** 2n;

describe('room beside the live server', () => {
  it('is left by a copy for checks that write', () => {
    expect(() => checkRoomForCopy(1000n * MIB, 1511n * MIB)).toThrow(expect.objectContaining({ kind: 'refused' }));
    expect(() => checkRoomForCopy(1000n * MIB, 1512n * MIB)).not.toThrow();
  });

  it('is left by replay', () => {
    const plan = { id: '7f3a', space: { neededBytes: '1', freeBytes: '1', folder: '/srv/data.walkback' } };
    expect(() => checkRoomForLive(127n * MIB, plan)).toThrow(
      expect.objectContaining({ kind: 'unavailable', remedy: expect.stringContaining('rehearse --discard 7f3a') }),
    );
    expect(() => checkRoomForLive(128n * MIB, plan)).not.toThrow();
  });

  it('is counted without what links lead to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-size-'));
    try {
      await mkdir(join(folder, 'data', 'base'), { recursive: true });
      await writeFile(join(folder, 'data', 'base', 'a'), Buffer.alloc(1000));
      await writeFile(join(folder, 'elsewhere'), Buffer.alloc(5000));
      await symlink(join(folder, 'elsewhere'), join(folder, 'data', 'link'));
      const size = await directorySize(join(folder, 'data'));
      expect(size >= 1000n && size < 5000n).toBe(true);
      expect(await directorySize(join(folder, 'nowhere'))).toBe(0n);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
