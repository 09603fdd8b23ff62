/**
 * What the tests of the object store contract have in common.
 *
 * @module
 */

import { expect } from 'vitest';

import type { ObjectInfo, ObjectStore } from './object-store.ts';

/** The backend under test. */
export interface StoreUnderTest {
  /** For test titles. */
  readonly name: string;
  /** A new store, with nothing in it. */
  readonly open: () => Promise<ObjectStore>;
  /** A store on a place that does not exist: a folder not mounted, a bucket misspelt. */
  readonly openMissing: () => Promise<ObjectStore>;
  /** How many objects a listing must page through; over 1,000 for backends that page. */
  readonly listedObjects: number;
  /** Over the part size of backends that have one. */
  readonly largeBodyBytes: number;
}

/** The keys of a listing. */
export async function keysOf(listing: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const infos = await Array.fromAsync(listing);
  return infos.map(({ key }) => key);
}

/** All bytes of an object, read piece by piece. */
export async function readOpened(store: ObjectStore, key: string): Promise<Buffer> {
  const pieces = await store.open(key);
  expect(pieces).toBeDefined();
  return Buffer.concat(await Array.fromAsync(pieces ?? []));
}
