/**
 * `npm run build`: one bundle in dist/, split where code is loaded on demand, so that `wal` commands start fast.
 *
 * What cannot be bundled (native packages, worker files started by path) stays outside: lz4-napi is a dependency of the
 * package, and workers are entry points of their own.
 *
 * @module
 */

import { cp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { build } from 'esbuild';

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
  entryPoints: [join(SOURCE, 'main.ts'), ...workers],
  outdir: DIST,
  // Flat: a worker is started from the file beside the chunk that asks for it.
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  external: ['lz4-napi', 'pg-native', 'sodium-native', 'openpgp'],
  chunkNames: '[name]-[hash]',
  // Packages in CommonJS call require(), which a module does not have.
  banner: {
    js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);",
  },
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
});
// Shell scripts are run by PostgreSQL as they are.
for (const script of await sources(/\/sh\/[^/.]+(\.sh)?$/)) {
  await cp(script, join(DIST, 'sh', basename(script)));
}
const sizeBytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
const count = Object.keys(result.metafile.outputs).length;
console.log(`dist/: ${count} files, ${(sizeBytes / 1024 ** 2).toFixed(1)} MB; run bin/walkback`);
