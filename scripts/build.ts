/**
 * `npm run build`: one bundle in dist/, split where code is loaded on demand, so that `wal` commands start fast.
 *
 * What cannot be bundled stays outside: native packages are dependencies of the package, and workers, which are started by
 * path, are entry points of their own.
 *
 * @module
 */

import { cp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { build } from 'esbuild';

import { bundleOptions } from './bundle-options.ts';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'src');
const DIST = join(ROOT, 'dist');

/** Files of src by the end of their name, tests left out. */
async function sources(ending: RegExp): Promise<string[]> {
  const names = await readdir(SOURCE, { recursive: true });
  return names.filter((name) => ending.test(name) && !name.endsWith('.test.ts')).map((name) => join(SOURCE, name));
}

await rm(DIST, { recursive: true, force: true });
const workers = await sources(/-worker\.ts$/);
const result = await build({
  ...bundleOptions([join(SOURCE, 'main.ts'), ...workers], DIST),
  chunkNames: '[name]-[hash]',
  legalComments: 'linked',
  metafile: true,
});
// Shell scripts are run by PostgreSQL as they are.
for (const script of await sources(/\/sh\/[^/.]+(\.sh)?$/)) {
  await cp(script, join(DIST, 'sh', basename(script)));
}
// These are run by the Python that Patroni runs with.
for (const script of await sources(/\.py$/)) {
  await cp(script, join(DIST, 'py', basename(script)));
}
const sizeBytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
const count = Object.keys(result.metafile.outputs).length;
console.log(`dist/: ${count} files, ${(sizeBytes / 1024 ** 2).toFixed(1)} MB; run bin/walkback`);
