/**
 * What an object is that a cipher cannot open: a plain one, or one that another cipher has encrypted.
 *
 * Only asked about objects that were not opened: by its first bytes alone, an encrypted object may look like anything.
 *
 * Source: the magic numbers of RFC 8878, the LZ4 frame format, RFC 1952, LZMA_alone, POSIX ustar; PostgreSQL
 * `src/include/access/xlog_internal.h`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { versionByMagic } from '../postgres/versions.ts';
import { decryptionRemedy, encryptionHeaderOf } from './encrypted.ts';
import { isLz4Magic } from './lz4-format.ts';
import { isZstdMagic, skippableFrameBytes } from './zstd-frames.ts';

const USTAR_AT = 257;
const TEXT = /^[\t\n\r -~]+$/;
const TEXT_SAMPLE_BYTES = 16;

/** What a plain object seems to be by its beginning; `undefined` if it looks like none. */
export function plainFormatOf(start: Buffer): string | undefined {
  const [first = 0, second = 0, third = 0] = start;
  if (start.length < 4) return undefined;
  if (isZstdMagic(start) || skippableFrameBytes(start, 0) !== undefined) return 'a zstd object';
  if (isLz4Magic(start)) return 'an lz4 object';
  if (first === 0x1f && second === 0x8b && third === 8) return 'a gzip object';
  if (first === 0x5d && second === 0 && third === 0) return 'an lzma object';
  if (start.subarray(USTAR_AT, USTAR_AT + 5).toString('latin1') === 'ustar') return 'a tar';
  if (versionByMagic(start.readUInt16LE(0)) !== undefined && start[3] === 0) return 'a WAL segment';
  return TEXT.test(start.subarray(0, TEXT_SAMPLE_BYTES).toString('latin1')) ? 'text' : undefined;
}

/** @throws {Failure} `refused` if an object that `cipherName` cannot open is seen to be plain, or another's. */
export function refuseForeign(start: Buffer, object: string, cipherName: string): void {
  const plain = plainFormatOf(start);
  if (plain !== undefined) {
    throw new Failure('refused', {
      message: `cannot read ${object}: it is not encrypted (it is ${plain}), and a key of ${cipherName} is set`,
      remedy:
        'Find out who wrote it: whoever has no key can only write plain objects. If it is from before the key was set, set WALKBACK_READ_UNENCRYPTED=true to read such objects as well.',
    });
  }
  const by = encryptionHeaderOf(start);
  if (by === undefined || by === cipherName) return;
  throw new Failure('refused', {
    message: `cannot read ${object}: it looks encrypted by ${by}, and the key that is set is one of ${cipherName}`,
    remedy: decryptionRemedy(by),
  });
}
