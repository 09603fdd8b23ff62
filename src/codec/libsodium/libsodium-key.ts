/**
 * A libsodium key, from what WAL-G is given.
 *
 * The bytes are WAL-G's, so that either reads what the other wrote. What it does silently is an error where it was not
 * asked for: text that is the hex or base64 form of a key, taken as it is because no transform is set, gives a key of
 * its first 32 characters.
 *
 * Source: WAL-G `internal/crypto/libsodium/{crypter,keytransform}.go`; Go `strings.TrimSpace`, `encoding/base64`.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';

/** How what is set becomes the key. */
export type KeyTransform = 'none' | 'base64' | 'hex';

/** A key as it is set. */
export interface LibsodiumKeySetting {
  /** A setting's text in UTF-8, or a file's bytes, {@link trimmedKeyFile}. */
  readonly given: Buffer;
  /** `undefined`: not set, which for WAL-G is `none`. */
  readonly transform: KeyTransform | undefined;
  /** Where it is set, for messages. */
  readonly source: string;
}

const KEY_BYTES = 32;
const FEWEST_BYTES = 25;
const HEX_KEY = /^[0-9a-fA-F]{64}$/;
const BASE64_KEY = /^[A-Za-z0-9+/]{43}=$/;
/** What Go takes for white space, in UTF-8, each byte a character. */
const SPACE = String.raw`(?:[\t\n\v\f\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)+`;
const SPACE_AROUND = new RegExp(`^${SPACE}|${SPACE}$`, 'g');

/** A key file's content without the white space around it, which WAL-G leaves out. */
export function trimmedKeyFile(content: Buffer): Buffer {
  return Buffer.from(content.toString('latin1').replace(SPACE_AROUND, ''), 'latin1');
}

function refuse(source: string, found: string, remedy: string): Failure {
  return new Failure('usage', { message: `cannot use the key in ${source}: ${found}`, remedy });
}

/** The key's 32 bytes. @throws {Failure} `usage` if what is set is no key. Shows nothing of it. */
export function libsodiumKey({ given, transform, source }: LibsodiumKeySetting): Buffer {
  if (given.length === 0) throw refuse(source, 'it is empty', `Put the key into ${source}.`);
  const text = given.toString('latin1');
  switch (transform) {
    case 'hex':
      return decoded(HEX_KEY.test(text) ? Buffer.from(text, 'hex') : undefined, source, '64 hexadecimal digits');
    case 'base64':
      return decoded(fromBase64(text), source, 'base64 of 32 bytes, which is 44 characters with one "=" at the end');
    case 'none':
      return asItIs(given, source);
    case undefined:
      refuseDecodable(text, source);
      return asItIs(given, source);
  }
}

function fromBase64(text: string): Buffer | undefined {
  // Go's decoder leaves out line ends, and nothing else.
  const characters = text.replace(/[\r\n]/g, '');
  return BASE64_KEY.test(characters) ? Buffer.from(characters, 'base64') : undefined;
}

function decoded(key: Buffer | undefined, source: string, expected: string): Buffer {
  if (key?.length === KEY_BYTES) return key;
  throw refuse(
    source,
    `it is not ${expected}`,
    'Correct the key, or WALG_LIBSODIUM_KEY_TRANSFORM (none, base64, hex): it must be as when the archive was written.',
  );
}

function asItIs(given: Buffer, source: string): Buffer {
  if (given.length < FEWEST_BYTES) {
    throw refuse(source, `it has ${given.length} bytes, and ${FEWEST_BYTES} is the least`, 'Give a key of 32 bytes.');
  }
  const key = Buffer.alloc(KEY_BYTES);
  given.copy(key);
  return key;
}

function refuseDecodable(text: string, source: string): void {
  const form = HEX_KEY.test(text) ? 'hex' : BASE64_KEY.test(text) ? 'base64' : undefined;
  if (form === undefined) return;
  throw refuse(
    source,
    `it is ${form} text, and WALG_LIBSODIUM_KEY_TRANSFORM is not set: its first 32 characters would be the key`,
    `Set WALG_LIBSODIUM_KEY_TRANSFORM=${form} for a new archive. If wal-g wrote this archive with the settings as they are, set it to "none": wal-g has used the first 32 characters.`,
  );
}
