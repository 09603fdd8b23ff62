import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ROOT } from '../toolchain.mjs';
import { foldersOf, readLock, shippedPackages, type Lock } from './npm-packages.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-packages-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function installed(...folders: readonly string[]): Promise<void> {
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
}

const LOCK: Lock = new Map([
  ['', { version: '0.1.0', dependencies: { a: '1', b: '1' } }],
  [
    'node_modules/a',
    { version: '1.0.0', dependencies: { b: '2' }, optionalDependencies: { 'a-linux': '1', 'a-mac': '1' } },
  ],
  ['node_modules/a/node_modules/b', { version: '2.0.0', dependencies: { '@x/c': '1' } }],
  ['node_modules/a-linux', { version: '1.0.1' }],
  ['node_modules/a-mac', { version: '1.0.1' }],
  ['node_modules/b', { version: '1.0.0' }],
  ['node_modules/@x/c', { version: '3.0.0', dependencies: { a: '1' } }],
  ['node_modules/tool', { version: '9.0.0', dev: true }],
]);

describe('the folders of a package and of what it needs', () => {
  it('are where Node would look, nested ones first, and end where packages need each other', async () => {
    await installed(...LOCK.keys());
    expect(foldersOf(root, LOCK, ['a'])).toEqual([
      'node_modules/@x/c',
      'node_modules/a',
      'node_modules/a-linux',
      'node_modules/a-mac',
      'node_modules/a/node_modules/b',
    ]);
  });

  it('leave out what is not installed on this platform, and what the lock has not', async () => {
    await installed('node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/a-linux');
    expect(foldersOf(root, LOCK, ['a', 'absent'])).toEqual([
      'node_modules/a',
      'node_modules/a-linux',
      'node_modules/a/node_modules/b',
    ]);
  });
});

describe('the packages that are shipped', () => {
  it('are those that are installed and not for development', async () => {
    await installed('node_modules/a', 'node_modules/@x/c', 'node_modules/tool');
    expect(shippedPackages(root, LOCK)).toEqual([
      { name: '@x/c', version: '3.0.0' },
      { name: 'a', version: '1.0.0' },
    ]);
  });

  it('of this project hold its database driver and no test framework', () => {
    const names = shippedPackages(ROOT, readLock(ROOT)).map(({ name }) => name);
    expect(names).toContain('pg');
    expect(names).not.toContain('vitest');
  });
});
