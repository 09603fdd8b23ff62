/**
 * WAL-G's `--target-storage`, and `--target` of the storage tools: one of an archive's storages. What only reads takes any of
 * them; what writes knows the primary one, since failover storages are not written here.
 *
 * @module
 */

import type { OpenArchiveOptions } from '../../app/open-archive.ts';
import { Failure } from '../../base/failure.ts';
import type { Environment } from '../../config/environment.ts';

function named(values: ReadonlyMap<string, string>, environment: Environment): string | undefined {
  const name = values.get('target-storage') ?? values.get('target') ?? environment['WALG_TARGET_STORAGE'];
  return name === undefined || name === '' || name === 'all' ? undefined : name;
}

/** The storage to read; all of them if none is named, or "all". */
export function readStorage(values: ReadonlyMap<string, string>, environment: Environment): OpenArchiveOptions {
  const storage = named(values, environment);
  return storage === undefined ? {} : { storage };
}

/** @throws {Failure} `refused` if the flag, or the variable, names another storage than `default`. */
export function refuseOtherStorage(values: ReadonlyMap<string, string>, environment: Environment = {}): void {
  const name = named(values, environment) ?? 'default';
  if (name === 'default') return;
  throw new Failure('refused', {
    message: `cannot write to the storage ${JSON.stringify(name)}: only "default", the primary one, is written`,
    remedy: 'Leave the flag out, and WALG_TARGET_STORAGE unset.',
  });
}
