import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { build } from 'esbuild';
import { expect, it } from 'vitest';

import { bundleOptions } from './bundle-options.ts';
import { lostNames } from './lost-names.ts';

it('finds the packages in CommonJS that are loaded on demand by themselves, whose names the bundle would not have', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-lost-names-'));
  try {
    for (const [name, type, text] of [
      ['old', 'commonjs', 'exports.parse = () => 1;'],
      ['new', 'module', 'export const parse = () => 1;'],
    ] as const) {
      await mkdir(join(folder, 'node_modules', name), { recursive: true });
      await writeFile(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, type, main: 'i.js' }));
      await writeFile(join(folder, 'node_modules', name, 'i.js'), text);
    }
    await writeFile(join(folder, 'named.ts'), "export { parse } from 'old';");
    await writeFile(
      join(folder, 'main.ts'),
      "await Promise.all([import('old'), import('new'), import('./named.ts'), import('node:fs')]);",
    );
    const { metafile } = await build({
      ...bundleOptions([join(folder, 'main.ts')], join(folder, 'dist')),
      absWorkingDir: folder,
      metafile: true,
    });
    expect(lostNames(metafile.inputs)).toEqual(['main.ts: old']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
