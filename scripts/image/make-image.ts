/**
 * The image from this checkout: the bundle, the context, the engine's build.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { ROOT } from '../toolchain.mjs';
import { buildImage, type ImageBuild } from './build-image.ts';
import { fillContext } from './context.ts';

function bundle(folder: string): void {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.ts'), folder], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot bundle walkback:\n${stderr}`);
}

/** Bundles anew and fills the context. Its path. @throws if the bundle cannot be made. */
export async function makeContext(): Promise<string> {
  return fillContext(bundle);
}

/** Makes the image; the engine's exit code. */
export async function makeImage(build: Omit<ImageBuild, 'context'>): Promise<number> {
  return buildImage({ ...build, context: await makeContext() });
}
