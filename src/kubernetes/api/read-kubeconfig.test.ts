import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { chooseProxy } from './choose-proxy.ts';
import { logIn } from './login.ts';
import { readKubeconfig } from './read-kubeconfig.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function write(name: string, value: unknown): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

function config(server: string, token: string, current?: string): unknown {
  return {
    'current-context': current,
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': 'ca.pem' } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: `at-${token}`, context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  };
}

describe('several kubeconfig files', () => {
  it('are merged: the first that says something wins, and one that is not there is passed over', async () => {
    const one = await write('one', config('https://one:6443/', 'a'));
    const two = await write('two', config('https://two:6443', 'b', 'at-b'));
    const files = [join(directory, 'none'), one, two].join(delimiter);
    const found = await readKubeconfig({ files }, undefined);
    expect(found?.context).toEqual({ name: 'at-b', cluster: 'c', user: 'u', namespace: 'shop' });
    expect(found?.cluster.server).toBe('https://one:6443');
    expect(found?.user.token).toBe('a');
    expect(found?.cluster.caFile).toBe(join(directory, 'ca.pem'));
  });

  it('are refused, with the contexts that are there, if the one that is asked for is not', async () => {
    const files = await write('one', config('https://one:6443', 'a'));
    await expect(readKubeconfig({ files }, 'prod')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('no context "prod"'),
      facts: [`read: ${files}`, 'contexts there: at-a'],
    });
  });

  it('are none without a word if nothing was asked for', async () => {
    expect(await readKubeconfig({ home: directory }, undefined)).toBeUndefined();
    await expect(readKubeconfig({ files: join(directory, 'none') }, undefined)).rejects.toThrow(/no such kubeconfig/);
  });
});

describe('a login', () => {
  it('reads a token from the file that is named, beside the kubeconfig', async () => {
    await writeFile(join(directory, 'token'), 'secret\n');
    const value = config('https://one:6443', 'a', 'at-a') as { users: { user: unknown }[] };
    value.users = [{ name: 'u', user: { tokenFile: 'token' } } as { user: unknown }];
    expect((await readKubeconfig({ files: await write('one', value) }, undefined))?.user.token).toBe('secret');
  });

  it('runs a plugin beside the kubeconfig, tells it of the cluster, and acts as whom it is asked to', async () => {
    await mkdir(join(directory, 'bin'));
    const script = `#!/bin/sh
token=$(printf %s "$KUBERNETES_EXEC_INFO" | grep -c '"server":"https://one:6443"')
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"told-%s"}}' "$token"
`;
    await writeFile(join(directory, 'bin', 'plugin'), script, { mode: 0o755 });
    const value = {
      'current-context': 'x',
      clusters: [{ name: 'c', cluster: { server: 'https://one:6443' } }],
      users: [{ name: 'u', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'bin/plugin' } } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    const files = await write('one', value);
    const connection = await logIn({ files, actAs: 'ann', actAsGroups: ['dba', 'ops'] });
    const { headers } = await connection.requestOptions();
    connection.close();
    expect(headers).toEqual({
      Authorization: 'Bearer told-1',
      'Impersonate-User': 'ann',
      'Impersonate-Group': ['dba', 'ops'],
    });
    expect(connection.where).toMatchObject({ namespace: 'default', user: 'ann' });
  });

  it('is denied, with what the plugin said, if that fails', async () => {
    const value = {
      'current-context': 'x',
      clusters: [{ name: 'c', cluster: { server: 'https://one:6443' } }],
      users: [{ name: 'u', user: { exec: { command: 'sh', args: ['-c', 'echo session ended >&2; exit 1'] } } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    };
    const connection = await logIn({ files: await write('one', value) });
    await expect(connection.requestOptions()).rejects.toMatchObject({
      kind: 'denied',
      message: 'cannot log in to https://one:6443 as u: session ended',
    });
  });
});

describe('the proxy to a server', () => {
  const proxy = { https: 'http://proxy:3128', except: '10.0.0.0/8,.svc,example.net,other.net:6443' };

  it.each([
    ['https://api.cluster.test:6443', 'http://proxy:3128'],
    ['http://api.cluster.test:6443', undefined],
    ['https://127.0.0.1:6443', undefined],
    ['https://localhost:6443', undefined],
    ['https://10.1.2.3:6443', undefined],
    ['https://11.1.2.3:6443', 'http://proxy:3128'],
    ['https://kubernetes.default.svc', undefined],
    ['https://api.example.net', undefined],
    ['https://example.net', undefined],
    ['https://badexample.net', 'http://proxy:3128'],
    ['https://other.net:6443', undefined],
    ['https://other.net', 'http://proxy:3128'],
  ])('%s: %s', (server, expected) => {
    expect(chooseProxy(server, proxy)).toBe(expected);
  });

  it('is none at all with *', () => {
    expect(chooseProxy('https://api.cluster.test', { ...proxy, except: '*' })).toBeUndefined();
  });
});
