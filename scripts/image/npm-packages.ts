/**
 * The npm packages that walkback is made of, from package-lock.json: all of them for the list of what is in the image, and
 * those outside the bundle to be copied beside it.
 *
 * @module
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** `node_modules/a/node_modules/b` → what is locked there. */
export type Lock = ReadonlyMap<string, Locked>;

/** Reads the lock of the project at `root`. */
export function readLock(root: string): Lock {
  const lock: { packages: Record<string, Locked> } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return new Map(Object.entries(lock.packages));
}

/** The folder in which Node finds `name` for code in `folder`; `undefined` where the lock has none. */
function resolve(lock: Lock, folder: string, name: string): string | undefined {
  let above: string | undefined = folder;
  while (above !== undefined) {
    const place: string = above === '' ? `node_modules/${name}` : `${above}/node_modules/${name}`;
    if (lock.has(place)) return place;
    above = above === '' ? undefined : above.slice(0, Math.max(0, above.lastIndexOf('node_modules/') - 1));
  }
  return undefined;
}

/**
 * The folders of `names` and of everything that they need, as the lock places them and where they are installed: an optional
 * package for another platform is in the lock only.
 */
export function foldersOf(root: string, lock: Lock, names: readonly string[]): string[] {
  const found = new Set<string>();
  const waiting = names.map((name) => ({ from: '', name }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const folder = resolve(lock, next.from, next.name);
    if (folder === undefined || found.has(folder) || !existsSync(join(root, folder))) continue;
    found.add(folder);
    const { dependencies, optionalDependencies } = lock.get(folder) ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) waiting.push({ from: folder, name });
  }
  return [...found].toSorted();
}

/** What is not for development only, and is installed here: its name and version. */
export function shippedPackages(root: string, lock: Lock): { name: string; version: string }[] {
  return [...lock]
    .filter(
      ([folder, { dev, version }]) =>
        folder !== '' && dev !== true && version !== undefined && existsSync(join(root, folder)),
    )
    .map(([folder, { version }]) => ({
      name: folder.slice(folder.lastIndexOf('node_modules/') + 13),
      version: version ?? '',
    }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
