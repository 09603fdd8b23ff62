/** How the Google Cloud Storage backend gets its tokens, and what it does when they end. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { GcsCredentials, GcsLocation } from '../../src/storage/gcs/gcs-location.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { GcsFront } from '../support/gcs-front.ts';
import { startGcsServer } from '../support/gcs-server.ts';
import { GoogleTokens } from '../support/google-tokens.ts';

const server = await startGcsServer();
const tokens = await GoogleTokens.start();
const front =
  server === undefined
    ? undefined
    : await GcsFront.start(server.endpoint, { isGoodToken: (token) => tokens.isGood(token) });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-google-'));
});

afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await tokens[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function fileOf(fields: object): Promise<GcsCredentials> {
  const path = join(folder, `${Math.random()}.json`);
  await writeFile(path, JSON.stringify(fields));
  return { kind: 'file', path };
}

async function tokenFile(): Promise<string> {
  const path = join(folder, 'pod-token');
  await writeFile(path, `${tokens.subjectToken}\n`);
  return path;
}

async function open(credentials: GcsCredentials, more: Partial<GcsLocation> = {}): Promise<ObjectStore> {
  if (server === undefined || front === undefined) throw new Error('there is no GCS server');
  return openStore(
    { ...(await server.newBucket({ credentials, ...more })), endpoint: front.endpoint },
    { attemptIdleMs: 1_000, callMs: 3_000 },
  );
}

describe.skipIf(server === undefined)('an archive in Google Cloud Storage', () => {
  it.each([
    ['a service account', async () => fileOf(tokens.serviceAccount()), 'serviceAccount'],
    ['a login', async () => fileOf(tokens.login()), 'login'],
    ['workload identity', async () => fileOf(tokens.workloadIdentity(await tokenFile(), false)), 'exchange'],
    [
      'workload identity that becomes a service account',
      async () => fileOf(tokens.workloadIdentity(await tokenFile(), true)),
      'impersonation',
    ],
    [
      'a login that acts for a service account',
      async () =>
        fileOf({
          type: 'impersonated_service_account',
          source_credentials: tokens.login(),
          service_account_impersonation_url: tokens.impersonationUrl,
        }),
      'impersonation',
    ],
    [
      'a service account that acts for another',
      async () =>
        fileOf({
          type: 'impersonated_service_account',
          source_credentials: tokens.serviceAccount(),
          service_account_impersonation_url: tokens.impersonationUrl,
        }),
      'impersonation',
    ],
    [
      'workload identity that acts for a service account',
      async () =>
        fileOf({
          type: 'impersonated_service_account',
          source_credentials: tokens.workloadIdentity(await tokenFile(), false),
          service_account_impersonation_url: tokens.impersonationUrl,
        }),
      'impersonation',
    ],
    [
      'the metadata server',
      async (): Promise<GcsCredentials> => ({ kind: 'default', metadataHost: new URL(tokens.endpoint).host }),
      'machine',
    ],
  ])('is opened by %s, with one token for many calls at once', async (_name, credentials, way) => {
    tokens.given.clear();
    const store = await open(await credentials());
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.put(key, Buffer.from(key))));
    expect((await store.get('a'))?.toString()).toBe('a');
    expect(tokens.given.get(way)).toBe(1);
  });

  it('goes on with a new token when one ends before its time', async () => {
    const store = await open(await fileOf(tokens.serviceAccount()), { chunkSizeBytes: 256 * 1024 });
    await store.put('a', Buffer.from('a'));
    tokens.endAll();
    expect((await store.get('a'))?.toString()).toBe('a');
    const ending = async function* (): AsyncGenerator<Buffer> {
      for (let piece = 0; piece < 6; piece += 1) {
        tokens.endAll();
        yield Buffer.alloc(200_000, piece);
      }
    };
    expect(await store.put('large', ending())).toBe('written');
    expect((await store.stat('large'))?.sizeBytes).toBe(1_200_000);
  });

  it('renews a token shortly before it ends', async () => {
    tokens.given.clear();
    tokens.lifetimeS = 60;
    const store = await open(await fileOf(tokens.serviceAccount()));
    await store.put('a', Buffer.from('a'));
    await store.get('a');
    tokens.lifetimeS = 3600;
    expect(tokens.given.get('serviceAccount')).toBe(2);
  });

  it('says that the credentials are not accepted, without showing them', async () => {
    const other = await GoogleTokens.start();
    const stranger = { ...other.serviceAccount(), token_uri: `${tokens.endpoint}/token` };
    await other[Symbol.asyncDispose]();
    const store = await open(await fileOf(stranger));
    const error: unknown = await store.get('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'denied', message: expect.stringContaining('Invalid JWT Signature') });
    expect(String(error)).not.toMatch(/PRIVATE KEY/);
    const anonymous = await open({ kind: 'anonymous' });
    await expect(anonymous.get('a')).rejects.toMatchObject({ kind: 'denied' });
  });

  it('says that nobody gives it a token', async () => {
    const store = await open({ kind: 'default', metadataHost: 'metadata.invalid' });
    await expect(store.get('a')).rejects.toMatchObject({
      kind: 'denied',
      remedy: expect.stringContaining('GOOGLE_APPLICATION_CREDENTIALS'),
    });
  });
});
