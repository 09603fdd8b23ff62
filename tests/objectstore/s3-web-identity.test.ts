/**
 * A pod's own token in place of keys, as Kubernetes gives it with `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE`: MinIO's token service
 * checks it with who signed it, and gives what its bearer may have.
 */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { ForwardProxy } from '../support/forward-proxy.ts';
import { IdentityProvider } from '../support/identity-provider.ts';
import { startMinio } from '../support/minio.ts';
import { runWalkback } from '../support/walkback-process.ts';

const ROLE = 'arn:aws:iam::123456789012:role/backup';

const provider = await IdentityProvider.start();
const started = await startMinio({
  environment: {
    MINIO_IDENTITY_OPENID_CONFIG_URL: provider.configUrl,
    MINIO_IDENTITY_OPENID_CLIENT_ID: provider.audience,
    MINIO_IDENTITY_OPENID_CLAIM_NAME: 'policy',
  },
});
const server = started?.kind === 'minio' ? started : undefined;

afterAll(async () => {
  await started?.[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no MinIO');
  return server;
}

describe.skipIf(server === undefined)("a pod's token for S3", () => {
  let folder: string;
  let tokenFile: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-pod-'));
    tokenFile = join(folder, 'token');
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  /** An archive that is reached with the token in the file, and nothing else. */
  async function open(): Promise<ObjectStore> {
    const { credentials: _, ...location } = await real().newBucket();
    const role = {
      arn: ROLE,
      sessionName: 'walkback',
      webIdentityTokenFile: tokenFile,
      stsEndpoint: real().endpoint,
    };
    return openStore({ ...location, role });
  }

  it('is good for what its bearer may do, and no more: who may read alone is told which right is missing', async () => {
    await writeFile(tokenFile, provider.token({ policy: 'readwrite' }));
    const store = await open();
    await store.put('a', Buffer.from('x'), { ifAbsent: true });
    expect((await store.get('a'))?.toString()).toBe('x');
    expect(await Array.fromAsync(store.list(''))).toMatchObject([{ key: 'a' }]);
    await writeFile(tokenFile, provider.token({ policy: 'writeonly' }));
    const writing = await open();
    await writing.put('a', Buffer.from('y'));
    await expect(writing.get('a')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('s3:GetObject'),
    });
  });

  it.each([
    ['has ended', () => provider.token({ policy: 'readwrite', lifetimeS: -60 })],
    [
      'somebody else has signed',
      () => provider.token({ policy: 'readwrite' }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
    ],
    ['is none', () => 'not.a.token'],
  ])('that %s is denied, and not shown; the next one in the file is taken', async (_what, bad) => {
    const token = bad();
    await writeFile(tokenFile, token);
    const store = await open();
    const error: unknown = await store.put('a', Buffer.from('x')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: 'denied',
      message: expect.stringContaining(`the role ${ROLE} is not given for the token in ${tokenFile}`),
      remedy: expect.stringContaining('trusts who signed the token'),
    });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(token);
    await writeFile(tokenFile, provider.token({ policy: 'readwrite' }));
    await store.put('a', Buffer.from('x'));
    expect((await store.get('a'))?.toString()).toBe('x');
  });

  it('that is in no file is an error of its own, at once', async () => {
    await rm(tokenFile);
    await expect((await open()).get('a')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(`cannot read the token of the web identity in ${tokenFile}`),
    });
  });

  it('is shown to the token service through the proxy that is set, as the store is asked', async () => {
    await using proxy = await ForwardProxy.start();
    await writeFile(tokenFile, provider.token({ policy: 'readwrite' }));
    const { credentials: _, ...location } = await real().newBucket();
    const role = { arn: ROLE, sessionName: 'walkback', webIdentityTokenFile: tokenFile, stsEndpoint: real().endpoint };
    const store = await openStore({ ...location, role, proxy: { http: proxy.url } });
    await store.put('a', Buffer.from('x'));
    expect(proxy.requestCount).toBe(2);
  });

  it('is found by the variables that Kubernetes sets, by the command too', async () => {
    await writeFile(tokenFile, provider.token({ policy: 'readwrite' }));
    const { bucket, prefix } = await real().newBucket();
    const { code, out, err } = await runWalkback(['backup', 'list'], {
      HOME: folder,
      WALG_S3_PREFIX: `s3://${bucket}/${prefix}`,
      AWS_ENDPOINT: real().endpoint,
      AWS_S3_FORCE_PATH_STYLE: 'true',
      AWS_REGION: 'us-east-1',
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_ENDPOINT_URL_STS: real().endpoint,
    });
    expect({ code, said: `${out}${err}` }).toEqual({ code: 0, said: expect.stringMatching(/no backup/i) });
  });
});
