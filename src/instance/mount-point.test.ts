import { describe, expect, it } from 'vitest';

import { isMountPoint, mountPointsIn } from './mount-point.ts';

describe('the mount points of a mountinfo', () => {
  it('are its fifth fields, escapes undone', () => {
    const text = [
      '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
      String.raw`90 22 8:1 /srv/pg /srv/pg\040main/data rw - ext4 /dev/sda1 rw`,
      '',
    ].join('\n');
    expect(mountPointsIn(text)).toEqual(['/', '/srv/pg main/data']);
  });
});

describe('a directory', () => {
  it.runIf(process.platform === 'linux')('that is mounted is a mount point', async () => {
    expect(await isMountPoint('/proc')).toBe(true);
  });

  it('within another is none', async () => {
    expect(await isMountPoint(import.meta.dirname)).toBe(false);
  });
});
