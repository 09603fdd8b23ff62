/**
 * Fills the folder that the image is built from: the Containerfile with its scripts, the bundle of walkback, the packages
 * outside the bundle, and the project's own pinned Node.
 *
 * @module
 */

import { chmod, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { OUTSIDE_BUNDLE } from '../bundle-options.ts';
import { ROOT } from '../toolchain.mjs';
import { foldersOf, readLock, shippedPackages } from './npm-packages.ts';

/** Where the context is made for an engine that somebody else starts. */
export const CONTEXT = join(ROOT, '.cache', 'image');

const DOCKER = join(ROOT, 'deploy', 'docker');

/** A native package brings its binaries for every platform: those of this one stay. */
function isForHere(path: string): boolean {
  return basename(dirname(path)) !== 'prebuilds' || basename(path) === `${process.platform}-${process.arch}`;
}

/** The same modes whatever the umask of the checkout was: the image's bytes depend on them. */
async function evenOutModes(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await evenOutModes(path);
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

async function copyWalkback(place: string): Promise<void> {
  for (const name of ['bin', 'package.json', 'LICENSE'])
    await cp(join(ROOT, name), join(place, name), { recursive: true });
  const lock = readLock(ROOT);
  for (const folder of foldersOf(ROOT, lock, OUTSIDE_BUNDLE))
    await cp(join(ROOT, folder), join(place, folder), { recursive: true, filter: isForHere });
  await writeFile(join(place, 'npm-packages.json'), `${JSON.stringify(shippedPackages(ROOT, lock), undefined, 1)}\n`);
}

/**
 * Makes the context anew.
 *
 * @param bundle puts the bundle into a folder. Not the checkout's `dist/`, which `bin/walkback` would run from then on: half
 *   written, or older than the sources by the next day.
 * @param place the folder, of which nothing stays that was there. Two builds at once need one each.
 */
export async function fillContext(bundle: (folder: string) => void, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  for (const name of ['Containerfile', 'requirements.txt', 'build', 'root'])
    await cp(join(DOCKER, name), join(place, name), { recursive: true });
  const walkback = join(place, 'root', 'opt', 'walkback');
  await copyWalkback(walkback);
  bundle(join(walkback, 'dist'));
  await cp(process.execPath, join(place, 'root', 'usr', 'local', 'bin', 'node'));
  await evenOutModes(place);
}
