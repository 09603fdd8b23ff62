/**
 * WAL-G's settings that ask for encryption, which is not supported: refused, never ignored. Objects written in plain where
 * somebody asked for encryption cannot be taken back.
 *
 * WAL-G itself ignores `WALG_GPG_KEY_ID` when `GPG_KEY_ID` is not set, and then writes plain objects.
 *
 * Source: WAL-G `internal/configure.go` (`ConfigureCrypter`), `pkg/storages/s3/configure.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Environment } from './environment.ts';
import { walgNames } from './setting.ts';

/** Encryption by the writer: objects cannot be read without the key. */
const BY_THE_WRITER: readonly string[] = [
  'WALG_LIBSODIUM_KEY',
  'WALG_LIBSODIUM_KEY_PATH',
  'WALG_PGP_KEY',
  'WALG_PGP_KEY_PATH',
  'WALG_ENVELOPE_PGP_KEY',
  'WALG_ENVELOPE_PGP_KEY_PATH',
  'GPG_KEY_ID',
  'WALG_GPG_KEY_ID',
  'WALE_GPG_KEY_ID',
  'WALG_CSE_KMS_ID',
  'YC_CSE_KMS_KEY_ID',
  'WALG_YC_CSE_KMS_KEY_ID',
];

/** Encryption by the store, asked for with each upload. */
const BY_THE_STORE: readonly string[] = walgNames('S3_SSE', 'S3_SSE_KMS_ID', 'S3_SSE_C');

const isSet = (environment: Environment) => (name: string) => (environment[name] ?? '') !== '';

/** @throws {Failure} `refused` if any of WAL-G's encryption settings is set. Shows the name, never the value. */
export function refuseEncryption(environment: Environment): void {
  const byTheWriter = BY_THE_WRITER.find(isSet(environment));
  if (byTheWriter !== undefined) {
    throw new Failure('refused', {
      message: `cannot use this archive: ${byTheWriter} asks for encryption, which is not supported`,
      remedy:
        'Objects would be written in plain, and encrypted ones could not be read. Go on with wal-g for this archive.',
    });
  }
  const byTheStore = BY_THE_STORE.find(isSet(environment));
  if (byTheStore === undefined) return;
  throw new Failure('refused', {
    message: `cannot use this archive: ${byTheStore} asks for encryption with each upload, which is not supported`,
    remedy: `Set the encryption on the bucket instead (Amazon's encrypt every object with AES256 by themselves), then unset ${byTheStore} for walkback.`,
  });
}
