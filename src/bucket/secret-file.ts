/**
 * Secrets in a file: a manifest for `kubectl apply`, that only its owner may read.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { decodedData, encodedData, heldData, secretManifest, type EncodedData } from './secret-manifest.ts';
import type { SecretPlace } from './secret-place.ts';

type Manifests = ReadonlyMap<string, EncodedData>;

function failure(kind: 'usage' | 'denied' | 'corrupt', path: string, problem: string, cause?: unknown): Failure {
  return new Failure(kind, {
    message: `cannot use ${path} for Secrets: ${problem}`,
    remedy: 'Name another file (--secret-file), in a folder that this user may write to.',
    cause,
  });
}

function listOf(text: string, path: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes what it read.
  }
  const items: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'items') : undefined;
  if (Array.isArray(items)) return items;
  throw failure('corrupt', path, 'it is no list of manifests that walkback wrote');
}

function nameOf(manifest: unknown): string {
  const metadata: unknown = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'metadata') : {};
  const name: unknown = typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'name') : undefined;
  return typeof name === 'string' ? name : '';
}

async function readManifests(path: string): Promise<Manifests> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw failure('denied', path, messageOf(error), error);
  }
  return new Map(listOf(text, path).map((one) => [nameOf(one), heldData(one, path)]));
}

/** The whole file anew, under another name first: a file that is half written has lost keys. */
async function writeManifests(path: string, manifests: Manifests): Promise<void> {
  const items = [...manifests].map(([name, data]) => secretManifest(name, data, undefined));
  const text = `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)}\n`;
  const fresh = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const file = await open(fresh, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await unlink(fresh).catch(() => {});
    throw failure('denied', path, messageOf(error), error);
  }
}

/** Secrets in the file at `path`. */
export function secretFile(path: string): SecretPlace {
  return {
    describe: (name) => `the Secret ${name} in ${path}`,
    read: async (name) => {
      const found = (await readManifests(path)).get(name);
      return found === undefined ? undefined : decodedData(found);
    },
    checkWritable: async () => {
      await readManifests(path);
      await access(dirname(path), constants.W_OK).catch((error: unknown) => {
        throw failure('denied', path, messageOf(error), error);
      });
    },
    write: async (name, entries) => {
      const manifests = await readManifests(path);
      const data = { ...manifests.get(name), ...encodedData(entries) };
      await writeManifests(path, new Map([...manifests, [name, data]]));
    },
    byHand: (name, keys) => [
      `kubectl create secret generic ${name} ${keys.map((key) => `--from-literal=${key}=…`).join(' ')} --dry-run=client --output json`,
      `# and what that prints among the "items" of ${path}, or into the data of the Secret that is there`,
    ],
    [Symbol.asyncDispose]: async () => {},
  };
}
