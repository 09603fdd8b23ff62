/**
 * The one thing that a bucket must not do.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** @param rules those that expire current objects of the archive. @throws {Failure} `refused` if there are any. */
export function refuseExpiring(address: string, rules: readonly string[]): void {
  if (rules.length === 0) return;
  throw new Failure('refused', {
    message: `cannot use ${address} for an archive: its lifecycle expires current objects (${rules.join(', ')})`,
    remedy:
      'Backups and WAL would disappear while everything says that they are there. Take these rules off, or limit them to a prefix outside of the archive; "walkback prune" is what deletes.',
  });
}
