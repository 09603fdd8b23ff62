/** The Google Cloud Storage backend against a server of its API. */

import { randomBytes } from 'node:crypto';

import { afterAll, describe, expect, it } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import { ForwardProxy } from '../support/forward-proxy.ts';
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
  it('is trusted by the file of authorities, for uploads in pieces too, and refused without it', async () => {
    const location = await overTls().newBucket({ chunkSizeBytes: MIB });
    const store = await openStore(location);
    const body = randomBytes(2 * MIB + 5);
    await store.put('k', body);
    expect((await store.get('k'))?.equals(body)).toBe(true);
    const { caFile: _, ...untrusted } = location;
    await expect((await openStore(untrusted)).get('k')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('CERT'),
    });
  });

  it('leads through the proxy that is set, but for the hosts that are excepted', async () => {
    await using proxy = await ForwardProxy.start();
    const tls = await openStore(await overTls().newBucket({ proxy: { https: proxy.url } }));
    await tls.put('k', Buffer.from('x'));
    expect((await tls.get('k'))?.toString()).toBe('x');
    expect(proxy.tunnelCount).toBeGreaterThan(0);
    expect(proxy.requestCount).toBe(0);
    const plain = await real().newBucket({ proxy: { http: proxy.url } });
    await (await openStore(plain)).put('k', Buffer.from('x'));
    const { requestCount } = proxy;
    expect(requestCount).toBeGreaterThan(0);
    const excepted = await openStore({ ...plain, proxy: { http: proxy.url, except: '127.0.0.1' } });
    expect((await excepted.get('k'))?.toString()).toBe('x');
    expect(proxy.requestCount).toBe(requestCount);
  });
});
