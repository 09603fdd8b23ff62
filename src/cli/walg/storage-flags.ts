/**
 * Flags and operands that WAL-G's storage tools share.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { WalgFlag } from './walg-command.ts';

/** Of every storage tool. */
export const STORAGE_FLAGS: Readonly<Record<string, WalgFlag>> = {
  target: {
    short: 't',
    takes: 'string',
    summary: 'Storage to use: "default" or, for reading, one of the failover storages; all are read unless given',
  },
};

/** A path within the archive, without a slash at either end. */
export function storagePath(text: string): string {
  return text.replace(/^\/+|\/+$/g, '');
}

/** The failure of an object that is not there. */
export function noObject(path: string, address: string): Failure {
  return new Failure('notInArchive', {
    message: `object ${JSON.stringify(path)} does not exist in ${address}`,
    remedy: 'List what there is: wal-g st ls -r',
  });
}
