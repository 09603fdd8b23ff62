/**
 * Names of files that are still being written.
 *
 * They are WAL-G's (`pkg/storages/storage/utils.go`), in a folder and over SFTP, so that its listings hide ours as ours hide its.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { checkKey } from './key.ts';

const TMP_NAME = /\.tmp\.\d{8}T\d{6}Z-[0-9a-f]{16}$/;

/** `<path>.tmp.<UTC time>-<16 hex digits>`. */
export function tmpNameFor(path: string, now: Date, randomHex16: string): string {
  const time = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  return `${path}.tmp.${time}-${randomHex16}`;
}

/** True if `name` is that of a file still being written, or left behind by a writer that died. */
export function isTmpName(name: string): boolean {
  return TMP_NAME.test(name);
}

/** Answers with `key`, if it can be that of a finished object. @throws {Failure} `usage` if not. */
export function checkFinishedKey(key: string): string {
  if (!isTmpName(checkKey(key))) return key;
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(key)} as an object key: it is the name of a file still being written`,
    remedy: 'Choose a key that does not end like ".tmp.20260102T030405Z-0123456789abcdef".',
  });
}
