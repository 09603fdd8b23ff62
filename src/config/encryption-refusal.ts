/**
 * WAL-G's settings that ask for encryption of a kind that is not supported: refused, never ignored. Objects written in
 * plain where somebody asked for encryption cannot be taken back.
 *
 * Source: WAL-G `internal/configure.go` (`ConfigureCrypter`), `pkg/storages/s3/configure.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Environment } from './environment.ts';
import { walgNames } from './setting.ts';

/** Encryption with keys of a key service: not supported, and objects cannot be read without it. */
const KEY_SERVICES: readonly string[] = [
  'WALG_ENVELOPE_PGP_KEY',
  'WALG_ENVELOPE_PGP_KEY_PATH',
  'WALG_ENVELOPE_PGP_YC_CSE_KMS_KEY_ID',
  'WALG_CSE_KMS_ID',
  'YC_CSE_KMS_KEY_ID',
  'WALG_YC_CSE_KMS_KEY_ID',
];

/** Encryption by the store, asked for with each upload. */
const BY_THE_STORE: readonly string[] = walgNames('S3_SSE', 'S3_SSE_KMS_ID', 'S3_SSE_C');

const isSet = (environment: Environment) => (name: string) => (environment[name] ?? '') !== '';

/** @throws {Failure} `refused` if WAL-G is set to encrypt with a key service. Shows the name, never the value. */
export function refuseKeyServices(environment: Environment): void {
  const service = KEY_SERVICES.find(isSet(environment));
  if (service === undefined) return;
  throw new Failure('refused', {
    message: `cannot use this archive: ${service} asks for encryption with a key service, which is not supported`,
    remedy:
      'Objects would be written in plain, and encrypted ones could not be read. Go on with wal-g for this archive, or begin a new one with WALG_LIBSODIUM_KEY or WALG_PGP_KEY.',
  });
}

/** @throws {Failure} `refused` if WAL-G is set to have the store encrypt. Shows the name, never the value. */
export function refuseEncryption(environment: Environment): void {
  const byTheStore = BY_THE_STORE.find(isSet(environment));
  if (byTheStore === undefined) return;
  throw new Failure('refused', {
    message: `cannot use this archive: ${byTheStore} asks for encryption with each upload, which is not supported`,
    remedy: `Set the encryption on the bucket instead (Amazon's encrypt every object with AES256 by themselves), then unset ${byTheStore} for walkback.`,
  });
}
