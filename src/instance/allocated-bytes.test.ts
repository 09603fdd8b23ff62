import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { allocatedBytes } from './allocated-bytes.ts';

const MIB = 1024 ** 2;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'allocated-bytes-'));
  await mkdir(join(root, 'a/base'), { recursive: true });
  await mkdir(join(root, 'b'));
  await writeFile(join(root, 'a/base/1'), Buffer.alloc(2 * MIB, 1));
});
afterEach(() => rm(root, { recursive: true }));

/** Folders themselves take some kilobytes on most file systems. */
const inMib = async (...paths: string[]): Promise<number> =>
  Math.round(Number(await allocatedBytes(paths.map((path) => join(root, path)))) / MIB);

describe('the bytes that folders take', () => {
  it('are those of all that is below them; nothing for a folder that is absent', async () => {
    await writeFile(join(root, 'b/2'), Buffer.alloc(3 * MIB, 1));
    expect(await inMib('a', 'b', 'absent')).toBe(5);
    expect(await inMib('absent')).toBe(0);
  });

  it('are counted once for a file that has a name in both', async () => {
    await link(join(root, 'a/base/1'), join(root, 'b/1'));
    expect(await inMib('a', 'b')).toBe(2);
  });

  it('are not those behind a symbolic link', async () => {
    await symlink(join(root, 'a'), join(root, 'b/elsewhere'));
    expect(await inMib('b')).toBe(0);
  });
});
