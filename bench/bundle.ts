/**
 * What is measured is the program as it is installed, not its sources: a bundle, made as `npm run build` makes one.
 * Node takes 0.2 s of CPU and 25 MiB for each thread to strip types, which no user pays.
 *
 * @module
 */

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

import { bundleOptions } from '../scripts/bundle-options.ts';

const ROOT = join(import.meta.dirname, '..');
const WORKERS = ['backup/part-worker.ts', 'restore/restore-worker.ts'];

/** Bundles {@link file://./run-walkback.ts} and the workers it starts into `folder`. Answers with the file to run. */
export async function bundleWalkback(folder: string): Promise<string> {
  const entries = [join(import.meta.dirname, 'run-walkback.ts'), ...WORKERS.map((path) => join(ROOT, 'src', path))];
  await build(bundleOptions(entries, folder));
  // For the native packages, which no bundle can hold.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'run-walkback.js');
}
