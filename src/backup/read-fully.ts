/**
 * Reading of a file at a place, until a buffer is full or the file ends.
 *
 * @module
 */

import { readSync } from 'node:fs';

/** Reads until `into` is full or the file ends; the number of bytes read. */
export function readFully(file: number, into: Buffer, position: number): number {
  let got = 0;
  while (got < into.length) {
    const bytes = readSync(file, into, got, into.length - got, position + got);
    if (bytes === 0) break;
    got += bytes;
  }
  return got;
}
