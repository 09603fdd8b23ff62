import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { ScratchPlace } from './scratch-place.ts';

describe('what a restore left in a place', () => {
  it.each<[string, (place: ScratchPlace) => Promise<void>]>([
    ['a file beside it', ({ outside }) => writeFile(join(outside, 'new'), '')],
    ['a link to a file beside it', ({ outside, data }) => link(join(outside, 'secret'), join(data, 'x'))],
    ['what is no server’s in a tablespace', ({ tablespace }) => writeFile(join(tablespace, 'authorized_keys'), '')],
  ])('counts as outside: %s', async (_what, write) => {
    await using place = await ScratchPlace.make();
    await write(place);
    expect(await place.problem()).toMatchObject({ kind: 'outside' });
  });

  it('is wrong where it is a symbolic link, and well where it is a server’s', async () => {
    await using place = await ScratchPlace.make();
    await mkdir(join(place.data, 'base'));
    await mkdir(join(place.tablespace, 'PG_17_202406281'));
    expect(await place.problem()).toBeUndefined();
    await symlink('base', join(place.data, 'x'));
    expect(await place.problem()).toMatchObject({ kind: 'wrong' });
  });
});
