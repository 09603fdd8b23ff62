import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { libsodiumCipher } from '../codec/libsodium/libsodium-cipher.ts';
import { encryptingStore } from '../storage/encrypting-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { claimArchive, SYSTEM_IDENTIFIER_KEY } from './archive-identity.ts';
import { isEncryptedKey } from './encrypted-keys.ts';

let root = '';
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'walkback-identity-'))));
afterEach(async () => rm(root, { recursive: true, force: true }));

/** As another process would open it: with nothing known of it. @param key 0: none. */
async function opened(key: number): Promise<ObjectStore> {
  const stored = await openStore({ kind: 'file', path: root });
  if (key === 0) return stored;
  const cipher = await libsodiumCipher(Buffer.alloc(32, key), 'WALG_LIBSODIUM_KEY');
  return encryptingStore(stored, { cipher, isEncrypted: isEncryptedKey });
}

const recordIn = async (store: ObjectStore): Promise<string> => String(await store.get(SYSTEM_IDENTIFIER_KEY));

describe('an archive that is claimed', () => {
  it('stays that of its cluster', async () => {
    await claimArchive(await opened(0), 7n);
    await claimArchive(await opened(0), 7n);
    await expect(claimArchive(await opened(0), 8n)).rejects.toMatchObject({ kind: 'conflict' });
    expect(await recordIn(await opened(0))).toBe('{"systemIdentifier":"7"}\n');
  });

  it('is written with one key, and not without', async () => {
    await claimArchive(await opened(1), 7n);
    await claimArchive(await opened(1), 7n);
    expect(await recordIn(await opened(0))).toMatch(
      /^\{"systemIdentifier":"7","encryption":"libsodium [0-9a-f]{16}"\}\n$/,
    );
    await expect(claimArchive(await opened(0), 7n)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringMatching(/it is encrypted \(libsodium [0-9a-f]{16}\), and no key is set$/),
    });
    const withAnother = await opened(2);
    for (let again = 2; again > 0; again -= 1) {
      await expect(claimArchive(withAnother, 7n)).rejects.toMatchObject({
        message: expect.stringContaining('it is encrypted with another key (libsodium '),
      });
    }
  });

  it('may begin to be encrypted, and may change its key once its record is deleted', async () => {
    await claimArchive(await opened(0), 7n);
    await claimArchive(await opened(1), 7n);
    await expect(claimArchive(await opened(0), 7n)).rejects.toMatchObject({ kind: 'conflict' });
    await (await opened(0)).delete([SYSTEM_IDENTIFIER_KEY]);
    await claimArchive(await opened(2), 7n);
    await expect(claimArchive(await opened(1), 7n)).rejects.toMatchObject({ kind: 'conflict' });
  });
});
