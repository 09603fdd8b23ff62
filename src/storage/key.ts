/**
 * Keys of objects: what is a key, what is not, and their order.
 *
 * A key is relative to the archive and made of non-empty names joined by `/`. Names that a file system would take for
 * something else (`.`, `..`, an empty one, one with a NUL) are no keys, whatever the backend: an archive can then move
 * between backends, and no key leads out of it.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

function problemOf(path: string): string | undefined {
  if (path.includes('\0')) return 'it holds a NUL';
  if (!path.isWellFormed()) return 'it is not valid Unicode';
  if (path.startsWith('/')) return 'it begins with "/"';
  if (path.split('/').some((name) => name === '.' || name === '..')) return 'a name in it is "." or ".."';
  return path.includes('//') ? 'a name in it is empty' : undefined;
}

function refuse(what: string, path: string, problem: string): never {
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(path)} as ${what}: ${problem}`,
    remedy: 'Give names joined by "/", relative to the archive.',
  });
}

/** Answers with `key`. @throws {Failure} `usage` if it is not one. */
export function checkKey(key: string): string {
  const problem = key === '' ? 'it is empty' : key.endsWith('/') ? 'it ends with "/"' : problemOf(key);
  return problem === undefined ? key : refuse('an object key', key, problem);
}

/** Answers with `prefix`, the beginning of keys; empty is every key. @throws {Failure} `usage` if no key begins so. */
export function checkPrefix(prefix: string): string {
  const problem = problemOf(prefix);
  return problem === undefined ? prefix : refuse('the beginning of object keys', prefix, problem);
}

/** Answers with `prefix`, a folder: empty, or ending with `/`. @throws {Failure} `usage` if it is not. */
export function checkFolder(prefix: string): string {
  if (prefix !== '' && !prefix.endsWith('/')) refuse('a folder', prefix, 'it does not end with "/"');
  return checkPrefix(prefix);
}

/**
 * Compares keys by their UTF-8 bytes, which is how S3 lists them. JavaScript's own `<` compares UTF-16 units, and puts
 * characters beyond the Basic Multilingual Plane before those from U+E000.
 */
export function compareKeys(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return inByteOrder(a) - inByteOrder(b);
  }
  return left.length - right.length;
}

/** Moves the UTF-16 surrogates, which stand for the highest characters, above all other units. */
function inByteOrder(unit: number): number {
  const isSurrogate = unit >= 0xd800 && unit <= 0xdfff;
  return isSurrogate ? unit + 0x10000 : unit;
}
