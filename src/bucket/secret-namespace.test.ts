import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openKubernetesApi } from '../kubernetes/api/open.ts';
import { secretNamespace } from './secret-namespace.ts';
import type { SecretPlace } from './secret-place.ts';

/** Uses the Secrets of a namespace whose server allows nothing. */
async function inNamespace<T>(actAs: string | undefined, use: (place: SecretPlace) => Promise<T>): Promise<T> {
  const server = createServer((_request, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'SelfSubjectAccessReview', status: { allowed: false } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  const files = join(directory, 'config');
  const kubeconfig = {
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
    users: [{ name: 'ann', user: { token: 'secret' } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'ann', namespace: 'shop' } }],
  };
  await writeFile(files, JSON.stringify(kubeconfig));
  try {
    await using place = secretNamespace(await openKubernetesApi({ files, ...(actAs === undefined ? {} : { actAs }) }));
    return await use(place);
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  }
}

describe('Secrets in a namespace', () => {
  it('need a role and its binding, which are said', async () => {
    const denied = async (actAs?: string) => inNamespace(actAs, async (place) => place.checkWritable('keys'));
    const role = 'kubectl --namespace shop create role walkback-bucket --verb=get,create,update --resource=secrets';
    const binding = 'kubectl --namespace shop create rolebinding walkback-bucket --role=walkback-bucket';
    await expect(denied()).rejects.toMatchObject({
      kind: 'denied',
      remedy: expect.stringContaining(`    ${role}\n    ${binding} --user=USER`),
    });
    await expect(denied('system:serviceaccount:ops:provisioner')).rejects.toMatchObject({
      remedy: expect.stringContaining(`${binding} --serviceaccount=ops:provisioner`),
    });
  });

  it('are written by hand so that what else they hold stays', async () => {
    await inNamespace(undefined, async (place) => {
      expect(place.byHand('keys', ['bucket_name', 'a'], false)).toEqual([
        'kubectl --namespace shop create secret generic keys --from-literal=bucket_name=… --from-literal=a=…',
      ]);
      expect(place.byHand('keys', ['bucket_name', 'a'], true)).toEqual([
        `kubectl --namespace shop patch secret keys --type merge --patch '{"stringData":{"bucket_name":"…","a":"…"}}'`,
      ]);
    });
  });
});
