/**
 * WAL-G's `--target-storage`: one of its failover storages. Only the primary one is known here.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';

/** @throws {Failure} `refused` if the flag names another storage than `default`. */
export function refuseOtherStorage(values: ReadonlyMap<string, string>): void {
  const name = values.get('target-storage') ?? values.get('target') ?? 'default';
  if (name === 'default' || name === 'all') return;
  throw new Failure('refused', {
    message: `cannot use the storage ${JSON.stringify(name)}: only "default", the primary one, can be named`,
    remedy: 'Leave the flag out.',
  });
}
