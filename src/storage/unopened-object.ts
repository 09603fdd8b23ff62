/**
 * Why a key does not open an object: because it is the wrong key, or because the object is damaged. Other objects of the
 * archive tell: a wrong key opens none of them.
 *
 * @module
 */

import type { Cipher } from '../base/cipher.ts';
import { Failure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from './object-store.ts';

/** Where to look for other objects. */
export interface UnopenedContext extends CallOptions {
  readonly store: ObjectStore;
  readonly cipher: Cipher;
  readonly isEncrypted: (key: string) => boolean;
}

/** Other objects that are tried. */
const MOST_TRIED = 4;
/** Objects that are looked through for those: the folders of an archive lie far apart. */
const MOST_LISTED = 2000;

/** The failure of `object`, which the key does not open. @throws {Failure} what the store throws. */
export async function explainUnopened(object: string, context: UnopenedContext): Promise<Failure> {
  const { cipher, store } = context;
  let tried = 0;
  for await (const key of otherObjects(object, context)) {
    const start = await store.get(key, {
      ...signalOf(context),
      range: { startByte: 0, lengthBytes: cipher.startBytes },
    });
    if (start === undefined) continue;
    if (await cipher.opens(start)) return damaged(object, key, cipher);
    tried += 1;
    if (tried === MOST_TRIED) break;
  }
  return tried === 0 ? unknown(object, cipher) : wrongKey(object, tried, cipher);
}

function signalOf({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}

/** Encrypted objects beside this one first, then anywhere. */
async function* otherObjects(object: string, context: UnopenedContext): AsyncGenerator<string> {
  const seen = new Set([object]);
  const folder = object.slice(0, object.lastIndexOf('/') + 1);
  for (const prefix of new Set([folder, ''])) {
    let listed = 0;
    for await (const { key, sizeBytes } of context.store.list(prefix, signalOf(context))) {
      listed += 1;
      if (listed > MOST_LISTED) break;
      if (sizeBytes === 0 || seen.has(key) || !context.isEncrypted(key)) continue;
      seen.add(key);
      yield key;
    }
  }
}

function damaged(object: string, opened: string, { keySource }: Cipher): Failure {
  return new Failure('corrupt', {
    message: `cannot read ${object}: its beginning is damaged, or it was encrypted with another key than the rest (the key from ${keySource} opens ${opened})`,
    remedy: `Look at ${object} in the archive. If two keys were used, read it with the one it was written with.`,
  });
}

function wrongKey(object: string, tried: number, { keySource, name }: Cipher): Failure {
  return new Failure('denied', {
    message: `cannot read ${object}: the key from ${keySource} is not the one it was encrypted with (nor does it open any of ${tried} other objects)`,
    remedy: `Set ${keySource} to the key that this archive was written with${name === 'libsodium' ? ', and WALG_LIBSODIUM_KEY_TRANSFORM as it was then' : ''}.`,
  });
}

function unknown(object: string, { keySource }: Cipher): Failure {
  return new Failure('denied', {
    message: `cannot read ${object}: the key from ${keySource} does not open it, and there is no other object to try the key on`,
    remedy: `Check ${keySource}. If the key is right, the object is damaged.`,
  });
}
