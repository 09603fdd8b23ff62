/**
 * The image from this checkout: the bundle, the context, the engine's build.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { ROOT } from '../toolchain.mjs';
import { buildImage, type ImageBuild } from './build-image.ts';
import { CONTEXT, fillContext } from './context.ts';

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
  await fillContext(bundle, CONTEXT);
  return CONTEXT;
}

/** Makes the image, from a context of its own: several may be made at once. The engine's exit code. */
export async function makeImage(build: Omit<ImageBuild, 'context'>): Promise<number> {
  await mkdir(dirname(CONTEXT), { recursive: true });
  const context = await mkdtemp(`${CONTEXT}-`);
  try {
    await fillContext(bundle, context);
    return buildImage({ ...build, context });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
