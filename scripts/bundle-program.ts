/**
 * The program as it is installed: one bundle, split where code is loaded on demand, so that `wal` commands start fast.
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
import { lostNames } from './lost-names.ts';

const SOURCE = join(import.meta.dirname, '../src');

/** Files of src by the end of their name, tests left out. */
async function sources(ending: RegExp): Promise<string[]> {
  const names = await readdir(SOURCE, { recursive: true });
  return names.filter((name) => ending.test(name) && !name.endsWith('.test.ts')).map((name) => join(SOURCE, name));
}

/** Workers are started by path: entry points of their own. */
export async function workerSources(): Promise<string[]> {
  return sources(/-worker\.ts$/);
}

/** Writes it into `folder`, of which nothing stays that was there. @throws {Error} if it would not be the program that its source is. */
export async function bundleProgram(
  folder: string,
): Promise<{ readonly fileCount: number; readonly sizeBytes: number }> {
  await rm(folder, { recursive: true, force: true });
  const workers = await workerSources();
  const result = await build({
    ...bundleOptions([join(SOURCE, 'main.ts'), ...workers], folder),
    chunkNames: '[name]-[hash]',
    legalComments: 'linked',
    metafile: true,
  });
  const lost = lostNames(result.metafile.inputs);
  if (lost.length > 0)
    throw new Error(
      `cannot bundle a package in CommonJS that is loaded on demand: ${lost.join(', ')}. Export its names from a module, and load that.`,
    );
  // Shell scripts are run by PostgreSQL as they are.
  for (const script of await sources(/\/sh\/[^/.]+(\.sh)?$/)) {
    await cp(script, join(folder, 'sh', basename(script)));
  }
  // These are run by the Python that Patroni runs with.
  for (const script of await sources(/\.py$/)) {
    await cp(script, join(folder, 'py', basename(script)));
  }
  const outputs = Object.values(result.metafile.outputs);
  return { fileCount: outputs.length, sizeBytes: outputs.reduce((sum, output) => sum + output.bytes, 0) };
}
