/**
 * Objects that WAL-G has encrypted, met where no key is set: told from damaged ones, so that nobody looks for damage that
 * is not there.
 *
 * WAL-G compresses first and encrypts then, under the name of the compression. OpenPGP and the key services leave a header;
 * libsodium leaves random bytes only. So an object whose first bytes are not its format's is taken to be encrypted if it
 * has such a header, or if its bytes are spread as evenly as random ones.
 *
 * Source: WAL-G `internal/crypto`; RFC 9580, sections 4.2 and 5.1; WAL-G writes a data key of AWS before its stream.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** Bytes that are enough to tell. */
export const ENCRYPTION_SAMPLE_BYTES = 4096;

const ARMOR = Buffer.from('-----BEGIN PGP');
const YANDEX = Buffer.from('yckms\u0001');
const ENVELOPE = Buffer.from('envelope-yc-kms\u0001');
/** Fewer bytes than this show no distribution. */
const FEWEST_BYTES = 128;
/** Random bytes exceed this chi-square of 255 degrees of freedom less often than once in 10^8; text has many thousands. */
const MOST_UNEVEN = 400;

function sampleOf(start: Uint8Array): Buffer {
  return Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, ENCRYPTION_SAMPLE_BYTES));
}

/** What an object's beginning seems to be encrypted by; `undefined` if it does not look encrypted. */
export function encryptionOf(start: Uint8Array): string | undefined {
  return encryptionHeaderOf(start) ?? (isEvenlySpread(sampleOf(start)) ? 'libsodium' : undefined);
}

/** {@link encryptionOf}, for what leaves a header. */
export function encryptionHeaderOf(start: Uint8Array): string | undefined {
  const bytes = sampleOf(start);
  if (startsWith(bytes, ENVELOPE) || startsWith(bytes, YANDEX)) return 'a key of Yandex Cloud';
  if (startsWith(bytes, ARMOR) || isSessionKeyPacket(bytes)) return 'OpenPGP';
  return isAwsDataKey(bytes) ? 'a key of AWS KMS' : undefined;
}

function startsWith(bytes: Buffer, what: Buffer): boolean {
  return bytes.subarray(0, what.length).equals(what);
}

/** A packet of an encrypted session key, with which every OpenPGP message begins that is encrypted to somebody. */
function isSessionKeyPacket(bytes: Buffer): boolean {
  const [tag = 0, length = 0] = bytes;
  if (bytes.length < FEWEST_BYTES / 2) return false;
  const isNewForm = tag === 0xc1;
  const isOldForm = tag === 0x84 || tag === 0x85;
  const lengthBytes = isNewForm ? (length < 192 ? 1 : 2) : tag === 0x84 ? 1 : 2;
  const version = bytes[1 + lengthBytes];
  return (isNewForm || isOldForm) && (version === 3 || version === 6);
}

/** AWS KMS's own form of an encrypted data key. */
function isAwsDataKey(bytes: Buffer): boolean {
  const [format, version, kind, zero, mark] = bytes;
  return format === 1 && (version === 1 || version === 2) && (kind ?? 0) <= 3 && zero === 0 && mark === 0x78;
}

/** Pearson's chi-square test against the uniform distribution. */
function isEvenlySpread(bytes: Buffer): boolean {
  if (bytes.length < FEWEST_BYTES) return false;
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  const expected = bytes.length / 256;
  const unevenness = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return unevenness < MOST_UNEVEN;
}

/** What to do about an object that is encrypted by `by`. */
export function decryptionRemedy(by: string): string {
  switch (by) {
    case 'libsodium':
      return 'Set WALG_LIBSODIUM_KEY or WALG_LIBSODIUM_KEY_PATH, and WALG_LIBSODIUM_KEY_TRANSFORM, as they are for wal-g. If nobody has set WAL-G to encrypt, the object is damaged.';
    case 'OpenPGP':
      return 'Set WALG_PGP_KEY or WALG_PGP_KEY_PATH to the private key, and WALG_PGP_KEY_PASSPHRASE if it has one.';
    default:
      return 'Encryption by a key service is not supported: recover from this archive with the wal-g that wrote it.';
  }
}

/** The failure of an object that looks encrypted where no key is set. */
export function encrypted(object: string, by: string): Failure {
  return new Failure('refused', {
    message: `cannot read ${object}: it looks encrypted (${by})`,
    remedy: decryptionRemedy(by),
  });
}
