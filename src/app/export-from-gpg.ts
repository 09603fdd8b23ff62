/**
 * Keys from the key ring of gpg, as WAL-G's older setting has them: by id, exported when they are needed.
 *
 * The private key is taken where gpg gives it without asking, and the public key, with which one can only write,
 * otherwise. WAL-G keeps the public key in a file of the user's home; here gpg is asked each time.
 *
 * Source: WAL-G `internal/crypto/crypto.go` (`GetPubRingArmor`, `GetSecretRingArmor`).
 *
 * @module
 */

import { execFile } from 'node:child_process';

import { Failure, messageOf } from '../base/failure.ts';

const MOST_BYTES = 16 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

type Export = '--export' | '--export-secret-keys';

/** What gpg exports; empty if it has no such key. It reads the passphrase from its standard input, and asks nobody. */
async function exported(what: Export, keyId: string, passphrase: string | undefined): Promise<string> {
  const unlock = passphrase === undefined ? ['error'] : ['loopback', '--passphrase-fd', '0'];
  // A key id that looks like an option is none.
  const args = ['--batch', '--no-tty', '--pinentry-mode', ...unlock, '--armor', what, '--', keyId];
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: MOST_BYTES, timeout: TIMEOUT_MS };
    const gpg = execFile('gpg', args, options, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
    // It may end without reading; its own failure then says why.
    gpg.stdin?.on('error', () => {}).end(passphrase ?? '');
  });
}

/** The armored keys of `keyId`. @throws {Failure} `denied` if gpg is not there or has no such key. */
export async function exportFromGpg(keyId: string, source: string, passphrase: string | undefined): Promise<string> {
  const secret = await exported('--export-secret-keys', keyId, passphrase).catch(() => '');
  if (secret !== '') return secret;
  try {
    const open = await exported('--export', keyId, undefined);
    if (open !== '') return open;
  } catch (error) {
    throw unusable(keyId, source, messageOf(error), error);
  }
  throw unusable(keyId, source, 'it has no such key');
}

function unusable(keyId: string, source: string, found: string, cause?: unknown): Failure {
  return new Failure('denied', {
    message: `cannot take the key ${JSON.stringify(keyId)} of ${source} from gpg: ${found}`,
    remedy: 'Import the key into the key ring of the user that runs this, or set WALG_PGP_KEY_PATH to a file with it.',
    cause,
  });
}
