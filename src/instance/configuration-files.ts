/**
 * The files that a server's configuration is made of, as far as they are in its data directory: found by following
 * `include`, `include_if_exists` and `include_dir`, and the `@` lists of `pg_hba.conf`, whether or not a file says anything
 * (the server tells only of files with settings in them, and one that is missing keeps it from starting).
 *
 * A folder of `include_dir` is given with a slash at its end: all its `*.conf` are meant.
 *
 * Source: `src/backend/utils/misc/guc-file.l`, `conffiles.c`, `src/backend/libpq/hba.c`.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

const INCLUDE =
  /^\s*(include_if_exists|include_dir|include)(?:\s*=\s*|\s+|(?='))(?:'((?:[^'\\]|''|\\.)*)'|"([^"]*)"|([^\s#'"]+))/i;
const LIST = /(?:^|[\s,])@(?:"([^"]*)"|([^\s,#"]+))/g;
/** As the server itself; what includes each other would go on for ever. */
const DEEPEST = 10;

/** What a file includes, as it is written there. */
export interface Inclusion {
  readonly kind: 'file' | 'folder';
  readonly path: string;
}

/** The inclusions of one file. @param isHba it may have `@` lists. */
export function inclusionsIn(text: string, isHba: boolean): Inclusion[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, word = '', quoted, doubled, bare] = INCLUDE.exec(line) ?? [];
    const path = quoted?.replaceAll("''", "'").replaceAll(/\\(.)/g, '$1') ?? doubled ?? bare;
    if (path !== undefined) return [{ kind: word.toLowerCase() === 'include_dir' ? 'folder' : 'file', path } as const];
    if (!isHba || line.trimStart().startsWith('#')) return [];
    return [...line.matchAll(LIST)].map((match) => ({ kind: 'file', path: match[1] ?? match[2] ?? '' }) as const);
  });
}

/** The files of an `include_dir` folder. */
export async function confFilesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.conf') && !name.startsWith('.')).toSorted();
}

/**
 * The given files, and all that they include, relative to the data directory; what is outside of it is left out.
 *
 * @param names relative to the data directory.
 */
export async function withInclusions(dataDirectory: string, names: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const name of names) await follow(dataDirectory, resolve(dataDirectory, name), found, 0);
  return [...found].toSorted();
}

function insideOf(dataDirectory: string, path: string): string | undefined {
  const inside = relative(dataDirectory, path);
  return inside === '' || inside.startsWith('..') || inside.startsWith('/') ? undefined : inside;
}

async function follow(dataDirectory: string, path: string, found: Set<string>, depth: number): Promise<void> {
  const name = insideOf(dataDirectory, path);
  if (depth > DEEPEST || (name !== undefined && found.has(name))) return;
  if (name !== undefined) found.add(name);
  const text = await readFile(path, 'utf8').catch(() => '');
  for (const inclusion of inclusionsIn(text, !path.endsWith('.conf') || /hba|ident/.test(path))) {
    const target = resolve(dirname(path), inclusion.path);
    if (inclusion.kind === 'file') await follow(dataDirectory, target, found, depth + 1);
    else await followFolder(dataDirectory, target, found, depth + 1);
  }
}

async function followFolder(dataDirectory: string, path: string, found: Set<string>, depth: number): Promise<void> {
  const name = insideOf(dataDirectory, path);
  if (name !== undefined) found.add(`${name}/`);
  for (const file of await confFilesIn(path)) await follow(dataDirectory, join(path, file), found, depth);
}
