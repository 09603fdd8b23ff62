/** The Google Cloud Storage backend against a server of its API. */

import { afterAll, describe, expect, it } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import { itIsReachedSafely } from '../support/encrypted-way.ts';
import { startGcsServer } from '../support/gcs-server.ts';

const MIB = 1024 * 1024;

const server = await startGcsServer();
const encrypted = server === undefined ? undefined : await startGcsServer({ isEncrypted: true });

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await encrypted?.[Symbol.asyncDispose]();
});

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no GCS server');
  return server;
}

function overTls(): NonNullable<typeof encrypted> {
  if (encrypted === undefined) throw new Error('there is no GCS server');
  return encrypted;
}

describe.skipIf(server === undefined)('Google Cloud Storage', () => {
  itKeepsTheObjectStoreContract({
    name: 'Google Cloud Storage',
    open: async () => openStore(await real().newBucket({ chunkSizeBytes: MIB })),
    openMissing: async () => openStore({ ...(await real().newBucket()), bucket: 'walkback-no-such-bucket' }),
    listedObjects: 1_100,
    largeBodyBytes: MIB,
  });

  it('tells what becomes of deleted objects', async () => {
    const location = await real().newBucket();
    expect(await (await openStore(location)).afterDeletion?.()).toBe('gone');
    await fetch(`${real().endpoint}/storage/v1/b?project=test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: `${location.bucket}-versions`, versioning: { enabled: true } }),
    });
    const versions = await openStore({ ...location, bucket: `${location.bucket}-versions` });
    expect(await versions.afterDeletion?.()).toBe('versions');
  });
});

describe.skipIf(server === undefined)('an encrypted way to Google Cloud Storage', () => {
  itIsReachedSafely({
    secure: (over) => overTls().newBucket({ chunkSizeBytes: MIB, ...over }),
    untrusted: async () => {
      const { caFile: _, ...untrusted } = await overTls().newBucket();
      return untrusted;
    },
    plain: (over) => real().newBucket(over),
    largeBytes: 2 * MIB + 5,
  });
});
