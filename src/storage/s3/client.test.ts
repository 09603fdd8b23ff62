import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { DEFAULT_STORE_DEADLINES } from '../deadlines.ts';
import { makeClient } from './client.ts';
import type { S3Location } from './s3-location.ts';
import { openS3Store } from './s3-store.ts';

const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
const LOCATION: S3Location = { kind: 's3', bucket: 'backups', prefix: '', credentials };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-s3-client-'));
  for (const name of ['AWS_REGION', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function regionOf(location: S3Location, moved?: string): Promise<string> {
  const client = await makeClient(location, DEFAULT_STORE_DEADLINES, moved);
  try {
    return await client.config.region();
  } finally {
    client.destroy();
  }
}

/** The hosts that a store asks for through a proxy, up to the first. */
async function firstHost(location: S3Location): Promise<string | undefined> {
  const asked = new AbortController();
  let host: string | undefined;
  const proxy = createServer().on('connect', (request, socket: Socket) => {
    host = request.url;
    socket.destroy();
    asked.abort();
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const store = await openS3Store({ ...location, proxy: { https: `http://127.0.0.1:${port}` } });
  try {
    await store.get('k', { signal: asked.signal }).catch(() => {});
    return host;
  } finally {
    await store.close();
    proxy.close();
  }
}

describe('the region of the first request to AWS', () => {
  it('is us-east-1 where nothing names one, and the request is sent', async () => {
    expect(await firstHost(LOCATION)).toBe('backups.s3.us-east-1.amazonaws.com:443');
  });

  it("is that of AWS's own environment, of its profile, of the setting, or where the bucket was found to be", async () => {
    await writeFile(join(folder, 'config'), '[default]\nregion = ca-central-1\n');
    expect(await regionOf(LOCATION)).toBe('ca-central-1');
    vi.stubEnv('AWS_REGION', 'eu-west-3');
    expect(await regionOf(LOCATION)).toBe('eu-west-3');
    expect(await regionOf({ ...LOCATION, region: 'sa-east-1' })).toBe('sa-east-1');
    expect(await regionOf(LOCATION, 'ap-south-1')).toBe('ap-south-1');
  });
});
