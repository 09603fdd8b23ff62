/**
 * WAL-G's settings that ask for encryption of a kind that is not supported: refused, never ignored. Objects written in
 * plain where somebody asked for encryption cannot be taken back.
 *
 * Source: WAL-G `internal/configure.go` (`ConfigureCrypter`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Environment } from './environment.ts';

/** Encryption with keys of a key service: not supported, and objects cannot be read without it. */
export const KEY_SERVICES: readonly string[] = [
  'WALG_ENVELOPE_PGP_KEY',
  'WALG_ENVELOPE_PGP_KEY_PATH',
  'WALG_ENVELOPE_PGP_YC_CSE_KMS_KEY_ID',
  'WALG_CSE_KMS_ID',
  'YC_CSE_KMS_KEY_ID',
  'WALG_YC_CSE_KMS_KEY_ID',
];

/** Says more of those, and means nothing without one. */
export const OF_KEY_SERVICES: readonly string[] = [
  'WALG_CSE_KMS_REGION',
  'WALG_ENVELOPE_CACHE_EXPIRATION',
  'WALG_ENVELOPE_PGP_YC_ENDPOINT',
  'WALG_ENVELOPE_PGP_YC_SERVICE_ACCOUNT_KEY_FILE',
  'YC_SERVICE_ACCOUNT_KEY_FILE',
];

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
