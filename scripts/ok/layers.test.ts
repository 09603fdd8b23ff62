import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { checkLayers } from './layers.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-layers-'));
  await write('tsconfig.json', '{}');
  await symlink(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
});

afterEach(() => rm(root, { recursive: true }));

describe('the layer check', () => {
  it('passes a tree that keeps the directions, and says how many modules it saw', async () => {
    await plant('src/base/failure.ts');
    await plant('src/storage/open.ts', '../base/failure.ts', './s3/s3-store.ts');
    await plant('src/storage/s3/s3-store.ts', 'node:http');
    expect(await checkLayers(root)).toEqual({ modules: 3, problems: [] });
  });

  it('fails when there is no module to see', async () => {
    expect((await checkLayers(root)).problems).toEqual(['no modules were looked at: this check proves nothing']);
  });

  it.each([
    ['an import upwards', 'src/base/a.ts', '../app/b.ts', 'src/app/b.ts', 'base-imports-only-what-is-below'],
    ['a type import upwards', 'src/archive/a.ts', 'type:../recovery/b.ts', 'src/recovery/b.ts', 'archive-imports-only'],
    ['node: in a pure folder', 'src/postgres/a.ts', 'node:fs', 'src/base/b.ts', 'pure-folders-import-nothing'],
    ['a package in a pure folder', 'src/walg/a.ts', 'pg', 'src/base/b.ts', 'pure-folders-import-nothing'],
    [
      'a backend named past its registry',
      'src/archive/a.ts',
      '../storage/s3/b.ts',
      'src/storage/s3/b.ts',
      'backends-are-named',
    ],
    [
      'a backend that knows another',
      'src/cluster/local/a.ts',
      '../patroni/b.ts',
      'src/cluster/patroni/b.ts',
      'backends-do-not-know',
    ],
    [
      'a command that imports a command',
      'src/cli/commands/a.ts',
      './b.ts',
      'src/cli/commands/b.ts',
      'commands-do-not-import',
    ],
    [
      'src that imports test support',
      'src/base/a.ts',
      '../../tests/support/b.ts',
      'tests/support/b.ts',
      'src-stands-alone',
    ],
    ['src that imports a script', 'src/base/a.ts', '../../scripts/b.ts', 'scripts/b.ts', 'src-stands-alone'],
    [
      'a script that imports a test',
      'scripts/a.ts',
      '../src/base/b.test.ts',
      'src/base/b.test.ts',
      'nothing-imports-a-test',
    ],
    ['a development package in src', 'src/base/a.ts', 'fast-check', 'src/base/b.ts', 'src-imports-no-development'],
    ['an import of nothing', 'src/base/a.ts', './absent.ts', 'src/base/b.ts', 'imports-resolve'],
  ])('catches %s', async (_what, from, specifier, other, rule) => {
    await write('package.json', '{ "dependencies": { "pg": "*" }, "devDependencies": { "fast-check": "*" } }');
    await plant(other);
    await plant(from, specifier);
    expect((await checkLayers(root)).problems.join('\n')).toContain(rule);
  });

  it('catches a cycle of type imports', async () => {
    await plant('src/base/a.ts', 'type:./b.ts');
    await plant('src/base/b.ts', 'type:./a.ts');
    expect((await checkLayers(root)).problems.join('\n')).toContain('no-cycles');
  });

  it('catches a folder that the rules do not know', async () => {
    await plant('src/helpers/a.ts');
    expect((await checkLayers(root)).problems).toEqual([
      'src/helpers/a.ts: its folder has no row in .dependency-cruiser.mjs',
    ]);
  });

  it('lets a test import from anywhere in src', async () => {
    await plant('src/app/open.ts');
    await plant('src/base/a.test.ts', '../app/open.ts', 'node:fs');
    expect((await checkLayers(root)).problems).toEqual([]);
  });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(root, dirname(path)), { recursive: true });
  await writeFile(join(root, path), text);
}

/** A module that imports each specifier; `type:` before one makes it a type import. */
function plant(path: string, ...specifiers: readonly string[]): Promise<void> {
  const lines = specifiers.map((specifier) =>
    specifier.startsWith('type:')
      ? `import type { X } from '${specifier.slice(5)}'; export type Y = X;`
      : `import * as m from '${specifier}'; console.log(m);`,
  );
  return write(path, `${lines.join('\n')}\nexport interface X {}\nexport const value = 1;\n`);
}
