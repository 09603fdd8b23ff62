/**
 * The failure of bytes that are not what their format says.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** A `corrupt` failure that names the object, what is wrong, and where. @param offset bytes from the object's start, as stored. */
export function corrupt(object: string, found: string, offset?: number, cause?: unknown): Failure {
  const where = offset === undefined ? '' : ` at byte ${offset}`;
  return new Failure('corrupt', {
    message: `cannot read ${object}: ${found}${where}`,
    remedy: `Look at ${object} in the archive: it is damaged, cut short, or was not written as its name says.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
