/**
 * Reading an object whole.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';

async function readOnce(open: () => Promise<AsyncIterable<Buffer> | undefined>): Promise<Buffer | undefined> {
  const pieces = await open();
  return pieces === undefined ? undefined : Buffer.concat(await Array.fromAsync(pieces));
}

/** All pieces of a body; `undefined` if there is none. Bytes that were altered on their way, perhaps, are asked for twice. */
export async function readWhole(open: () => Promise<AsyncIterable<Buffer> | undefined>): Promise<Buffer | undefined> {
  try {
    return await readOnce(open);
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error;
    return readOnce(open);
  }
}

/** The body of an object, or of a range of it, that holds no bytes. */
export async function* noPieces(): AsyncGenerator<Buffer> {}
