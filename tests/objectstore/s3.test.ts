/** The S3 backend against a real server. */

import { createHash } from 'node:crypto';

import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import { startMinio } from '../support/minio.ts';

const MIB = 1024 * 1024;

const server = await startMinio();

afterAll(async () => server?.[Symbol.asyncDispose]());

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no S3 server');
  return server;
}

describe.skipIf(server === undefined)(`S3 (${server?.kind ?? 'no server'})`, () => {
  itKeepsTheObjectStoreContract({
    name: 'S3',
    open: async () => openStore(await real().newBucket({ maxPartSizeBytes: 5 * MIB })),
    openMissing: async () => openStore({ ...(await real().newBucket()), bucket: 'walkback-no-such-bucket' }),
    listedObjects: 2_345,
    largeBodyBytes: 5 * MIB,
  });

  it('keeps archives with different prefixes in one bucket apart', async () => {
    const location = await real().newBucket();
    const one = await openStore({ ...location, prefix: '/one/' });
    const other = await openStore({ ...location, prefix: 'one/more' });
    const whole = await openStore({ ...location, prefix: '' });
    await one.put('a', Buffer.from('1'));
    await other.put('a', Buffer.from('2'));
    expect((await Array.fromAsync(other.list(''))).map(({ key }) => key)).toEqual(['a']);
    expect((await Array.fromAsync(whole.list(''))).map(({ key }) => key)).toEqual(['one/a', 'one/more/a']);
    expect(one.address).toBe(`s3://${location.bucket}/one`);
    expect(whole.address).toBe(`s3://${location.bucket}`);
  });

  it('names the bucket that is not there, and does not take it for an absent object', async () => {
    const store = await openStore({ ...(await real().newBucket()), bucket: 'walkback-misspelt' });
    const failure = { kind: 'usage', message: expect.stringContaining('walkback-misspelt') };
    await expect(store.get('k')).rejects.toMatchObject(failure);
    await expect(store.stat('k')).rejects.toMatchObject(failure);
    await expect(store.put('k', Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject(failure);
  });

  it('leaves no upload behind when a body fails midway', async () => {
    const location = await real().newBucket({ maxPartSizeBytes: 5 * MIB });
    const store = await openStore(location);
    const failing = async function* (): AsyncGenerator<Buffer> {
      for (let part = 0; part < 4; part += 1) yield Buffer.alloc(5 * MIB);
      throw new Error('the source failed');
    };
    await expect(store.put('k', failing())).rejects.toThrow('the source failed');
    const client = new S3Client({ ...real(), region: 'us-east-1', forcePathStyle: true });
    const { Uploads: uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: location.bucket }));
    client.destroy();
    expect(uploads ?? []).toEqual([]);
  });

  it.skipIf(server?.kind === 'moto')('says that credentials are not accepted', async () => {
    const location = await real().newBucket();
    const wrongKey = await openStore({
      ...location,
      credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
    });
    await expect(wrongKey.get('k')).rejects.toMatchObject({ kind: 'denied' });
    await expect(wrongKey.stat('k')).rejects.toMatchObject({ kind: 'denied' });
    await expect(wrongKey.put('k', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
    const { accessKeyId } = real().credentials;
    const wrongSecret = await openStore({
      ...location,
      credentials: { accessKeyId, secretAccessKey: 'top-secret-word' },
    });
    const error: unknown = await wrongSecret.get('k').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'denied', message: expect.stringContaining('SignatureDoesNotMatch') });
    expect(String(error)).not.toContain('top-secret-word');
  });

  it.skipIf(server?.kind === 'moto')(
    'finds the region by itself, and says which it is when another was set',
    async () => {
      await using elsewhere = await startMinio({ region: 'eu-central-1' });
      const location = await elsewhere?.newBucket();
      if (location === undefined) throw new Error('there is no S3 server');
      const store = await openStore(location);
      await store.put('k', Buffer.from('x'));
      expect((await store.get('k'))?.toString()).toBe('x');
      const wrong = await openStore({ ...location, region: 'ap-south-1' });
      await expect(wrong.get('k')).rejects.toMatchObject({ remedy: expect.stringContaining('eu-central-1') });
    },
  );

  it('streams a body much larger than what it holds in memory, both ways', async () => {
    const store = await openStore(await real().newBucket({ maxPartSizeBytes: 5 * MIB }));
    const pieces = 320;
    const sums = { written: createHash('sha256'), read: createHash('sha256') };
    let peakBytes = 0;
    const watch = (): void => void (peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers));
    const source = async function* (): AsyncGenerator<Buffer> {
      for (let index = 0; index < pieces; index += 1) {
        const piece = Buffer.alloc(MIB, index);
        sums.written.update(piece);
        watch();
        yield piece;
      }
    };
    await store.put('large', source());
    for await (const piece of (await store.open('large')) ?? []) {
      sums.read.update(piece);
      watch();
    }
    expect(sums.read.digest('hex')).toBe(sums.written.digest('hex'));
    expect(peakBytes).toBeLessThan((pieces * MIB) / 2);
  });
});
