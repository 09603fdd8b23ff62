/**
 * Checks of byte ranges, the same for every backend.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ByteRange } from './object-store.ts';

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** @throws {Failure} `usage` if a range is not two whole numbers from 0. */
export function checkRange(range: ByteRange | undefined): void {
  if (range === undefined || (isCount(range.startByte) && isCount(range.lengthBytes))) return;
  throw new Failure('usage', {
    message: `cannot read ${range.lengthBytes} bytes from byte ${range.startByte}: these are no positions in an object`,
    remedy: 'This is a defect of walkback: please report it.',
  });
}
