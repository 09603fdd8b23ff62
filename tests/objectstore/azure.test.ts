/** The Azure backend against azurite. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import { accountSas, startAzurite } from '../support/azurite.ts';
import { selfSigned } from '../support/certificates.ts';
import { itIsReachedSafely } from '../support/encrypted-way.ts';

const MIB = 1024 * 1024;

const server = await startAzurite();
const folder = await mkdtemp(join(tmpdir(), 'walkback-azure-tls-'));
const tls = await selfSigned(folder, { cert: 'cert.pem', key: 'key.pem' });
const encrypted =
  server === undefined ? undefined : await startAzurite({ tls: { certificateFile: tls.cert, keyFile: tls.key } });

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await encrypted?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no Azure server');
  return server;
}

function overTls(): NonNullable<typeof encrypted> {
  if (encrypted === undefined) throw new Error('there is no Azure server');
  return encrypted;
}

describe.skipIf(server === undefined)('Azure Blob Storage (azurite)', () => {
  itKeepsTheObjectStoreContract({
    name: 'Azure Blob Storage',
    open: async () => openStore(await real().newContainer({ blockSizeBytes: MIB, listPageBlobs: 100 })),
    openMissing: async () => openStore({ ...(await real().newContainer()), container: 'walkback-no-such-container' }),
    listedObjects: 1_050,
    largeBodyBytes: MIB,
  });

  it('takes a SAS token, with or without its question mark, and says when it is not accepted', async () => {
    const { account, key } = real();
    const inAnHour = new Date(Date.now() + 3_600_000);
    for (const token of [
      `?${accountSas(account, key, 'racwdl', inAnHour)}`,
      accountSas(account, key, 'racwdl', inAnHour),
    ]) {
      const store = await openStore(await real().newContainer({ credentials: [{ kind: 'sas', token }] }));
      await store.put('a b/ключ', Buffer.from('x'));
      expect((await store.get('a b/ключ'))?.toString()).toBe('x');
      expect(await Array.fromAsync(store.list(''))).toMatchObject([{ key: 'a b/ключ' }]);
    }
    const readOnly = [{ kind: 'sas', token: accountSas(account, key, 'rl', inAnHour) }] as const;
    const reading = await openStore(await real().newContainer({ credentials: readOnly }));
    expect(await reading.get('a')).toBeUndefined();
    const denied: unknown = await reading.put('a', Buffer.from('x')).catch((thrown: unknown) => thrown);
    expect(denied).toMatchObject({ kind: 'denied', message: expect.stringContaining('writing blobs (cw)') });
    expect(JSON.stringify(denied)).not.toContain('sig=');
    const ended = [{ kind: 'sas', token: accountSas(account, key, 'racwdl', new Date(0)) }] as const;
    const late = await openStore(await real().newContainer({ credentials: ended }));
    await expect(late.get('a')).rejects.toMatchObject({ kind: 'denied' });
  });

  it('tells what becomes of deleted blobs, and to whom that is not told', async () => {
    const location = await real().newContainer();
    const store = await openStore(location);
    await store.put('walkback_001/k', Buffer.from('x'));
    expect(await store.afterDeletion?.()).toBe('gone');
    await real().keepDeleted(7);
    expect(await store.afterDeletion?.()).toBe('versions');
    await real().keepDeleted(undefined);
    const { account, key } = real();
    const token = accountSas(account, key, 'racwdl', new Date(Date.now() + 3_600_000), 'co');
    const limited = await openStore({ ...location, credentials: [{ kind: 'sas', token }] });
    expect(await limited.afterDeletion?.()).toBe('unknown');
  });

  it('says that a key is not accepted, and which container is not there', async () => {
    const other = randomBytes(64).toString('base64');
    const stranger = await openStore(await real().newContainer({ credentials: [{ kind: 'key', key: other }] }));
    const error: unknown = await stranger.get('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'denied' });
    expect(String(error)).not.toContain(other);
    const misspelt = await openStore({ ...(await real().newContainer()), container: 'walkback-misspelt' });
    const failure = { kind: 'usage', message: expect.stringContaining('walkback-misspelt') };
    await expect(misspelt.get('a')).rejects.toMatchObject(failure);
    await expect(misspelt.stat('a')).rejects.toMatchObject(failure);
    await expect(misspelt.put('a', Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject(failure);
  });
});

describe.skipIf(server === undefined)('an encrypted way to Azure Blob Storage', () => {
  itIsReachedSafely({
    secure: (over) => overTls().newContainer({ caFile: tls.cert, blockSizeBytes: MIB, ...over }),
    untrusted: async () => {
      const { caFile: _, ...untrusted } = await overTls().newContainer({ caFile: tls.cert });
      return untrusted;
    },
    plain: (over) => real().newContainer(over),
    largeBytes: 2 * MIB + 5,
  });
});
