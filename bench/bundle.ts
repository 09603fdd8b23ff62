/**
 * What is measured is the program as it is installed, not its sources: a bundle, made as `npm run build` makes one.
 * Node takes 0.2 s of CPU and 25 MiB for each thread to strip types, which no user pays.
 *
 * @module
 */

import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

import { bundleOptions } from '../scripts/bundle-options.ts';
import { bundleProgram, workerSources } from '../scripts/bundle-program.ts';

const ROOT = join(import.meta.dirname, '..');
/** As `bin/walkback` starts Node. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=8'];

/** Bundles one of our programs here, and the workers it starts, into `folder`. Answers with the file to run. */
export async function bundleProgramOf(name: 'run-walkback' | 'run-agent', folder: string): Promise<string> {
  const entries = [join(import.meta.dirname, `${name}.ts`), ...(await workerSources())];
  await build(bundleOptions(entries, folder));
  // For the native packages, which no bundle can hold.
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, `${name}.js`);
}

/** Installs the whole program in `folder`. Answers with what an operator types. */
export async function installWalkback(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await bundleProgram(join(folder, 'dist'));
  await cp(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true });
  for (const name of ['node_modules', '.tools', 'package.json']) await symlink(join(ROOT, name), join(folder, name));
  return join(folder, 'bin/walkback');
}
