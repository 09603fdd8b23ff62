/**
 * Keys for encrypted cells, made for each run: the variables by which both programs are given them.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { generateKey } from 'openpgp';

import type { Cell } from './cells.ts';

/** The variables of a cell's encryption. A key in a file lies in `folder`. */
export async function keyVariables(
  encryption: Cell['encryption'],
  folder: string,
): Promise<Readonly<Record<string, string>>> {
  switch (encryption) {
    case 'plain':
      return {};
    case 'libsodium':
      return { WALG_LIBSODIUM_KEY: randomBytes(32).toString('hex'), WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' };
    case 'OpenPGP': {
      const { privateKey } = await generateKey({
        userIDs: [{ name: 'walkback', email: 'walkback@example.org' }],
        type: 'rsa',
        rsaBits: 2048,
        format: 'armored',
      });
      const path = join(folder, 'key.asc');
      await writeFile(path, privateKey, { mode: 0o600 });
      return { WALG_PGP_KEY_PATH: path };
    }
  }
}
