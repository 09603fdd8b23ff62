/**
 * What is measured is the program as it is installed, not its sources: a bundle, made as `npm run build` makes one.
 * Node takes 0.2 s of CPU and 25 MiB for each thread to strip types, which no user pays.
 *
 * @module
 */

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const WORKERS = ['backup/part-worker.ts', 'restore/restore-worker.ts'];

/** Bundles {@link file://./run-walkback.ts} and the workers it starts into `folder`. Answers with the file to run. */
export async function bundleWalkback(folder: string): Promise<string> {
  await build({
    entryPoints: [join(import.meta.dirname, 'run-walkback.ts'), ...WORKERS.map((path) => join(ROOT, 'src', path))],
    outdir: folder,
    entryNames: '[name]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    external: ['lz4-napi', 'pg-native'],
    banner: {
      js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url);",
    },
    logLevel: 'warning',
  });
  // For the native package, which no bundle can hold.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'run-walkback.js');
}
