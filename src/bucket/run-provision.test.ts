import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { KubernetesObject } from '../kubernetes/api/kubernetes-objects.ts';
import { refuse, startScriptedServer, type Answer } from '../kubernetes/api/testing/api-server.ts';
import type { BucketProvider } from './provider.ts';
import { runProvision } from './run-provision.ts';
import { secretFile } from './secret-file.ts';
import { secretNamespace } from './secret-namespace.ts';
import type { SecretPlace } from './secret-place.ts';

/** No text: a key store of Java begins like this. */
const BINARY = Buffer.from('feedfeed0000000200', 'hex').toString('base64');
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const HELD = { bucket_name: base64('shop'), trust: BINARY, note: base64('before') };
const WRITTEN = { ID: base64('id'), bucket_name: base64('shop'), trust: BINARY };

/** Makes the key of the writer, and keeps it in the Secret `keys`. */
async function makeKey(place: SecretPlace): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-bucket-'));
  const change = { kind: 'makeKey', role: 'writer' } as const;
  const provider: BucketProvider = {
    credentialNames: ['ID'],
    survey: () => expect.unreachable(),
    byHand: () => [],
    run: () => Promise.resolve({ ID: 'id' }),
    locate: () => ({ kind: 'file', path: folder }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const planned = { change, state: 'due', summary: 'a key', permission: 'none', byHand: [] } as const;
  const plan = {
    address: folder,
    bucket: 'shop',
    secrets: { writer: 'keys' },
    changes: [planned],
    planned: [],
    notes: [],
  };
  try {
    await runProvision(plan, provider, place);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Has the Secret; `meanwhile` happens to it before the first change, which is refused for that. */
function serverWithSecret(meanwhile: Readonly<Record<string, string>>): { answer: Answer; data: () => unknown } {
  let secret: KubernetesObject & { data: object } = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'shop', resourceVersion: '1' },
    data: HELD,
  };
  const answer: Answer = ({ method, body }, response) => {
    if (method === 'GET') return secret;
    if (secret.metadata?.resourceVersion === '1') {
      const metadata = { ...secret.metadata, resourceVersion: '2' };
      secret = { ...secret, metadata, data: { ...secret.data, ...meanwhile } };
      return refuse(response, 409, 'Conflict', 'the object has been modified');
    }
    secret = body as typeof secret;
    return secret;
  };
  return { answer, data: () => secret.data };
}

describe('the key of an account', () => {
  it('is put into a Secret whose other entries stay byte for byte, and as others make them meanwhile', async () => {
    const kept = serverWithSecret({ note: base64('meanwhile') });
    await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
    await makeKey(secretNamespace(server.api));
    expect(kept.data()).toEqual({ ...WRITTEN, note: base64('meanwhile') });
  });

  it('is put into a file whose other entries and Secrets stay byte for byte', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-secrets-'));
    const path = join(folder, 'secrets.json');
    const manifest = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: HELD });
    await writeFile(path, JSON.stringify({ kind: 'List', items: [manifest('keys'), manifest('other')] }));
    await makeKey(secretFile(path));
    const { items } = JSON.parse(await readFile(path, 'utf8')) as { readonly items: readonly { data: object }[] };
    await rm(folder, { recursive: true });
    expect(items.map(({ data }) => data)).toEqual([{ ...WRITTEN, note: HELD.note }, HELD]);
  });
});
