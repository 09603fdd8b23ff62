/** How the Azure backend gets its tokens, and what it does when they end. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { AzurePlace } from './testing/azure-place.ts';
import { CLIENT, FEDERATED_TOKEN, SERVICE_HEADER, TENANT, type Trouble } from './testing/azure-tokens.ts';
import type { Send } from './token-answer.ts';
import { TokenGiverAway } from './token-failure.ts';
import { TokenSource } from './token-source.ts';

let place: AzurePlace;

beforeEach(async () => {
  place = await AzurePlace.make();
  vi.stubEnv('PATH', place.folder);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await place[Symbol.asyncDispose]();
});

describe('an archive in Azure', () => {
  it.each([
    ['the secret of an application', 'secret', async () => place.secret()],
    [
      'its certificate, followed by its key',
      'certificate',
      async () => place.certificate(place.tokens.certificate.certificatePem, place.tokens.certificate.keyPem),
    ],
    [
      'its certificate, after its key',
      'certificate',
      async () => place.certificate(place.tokens.certificate.keyPem, place.tokens.certificate.certificatePem),
    ],
    [
      'the token of a pod (workload identity)',
      'federatedToken',
      async () => place.federatedToken(`${FEDERATED_TOKEN}\n`),
    ],
    ['the identity of a virtual machine', 'machine', async () => place.machine()],
    ['one of its several identities', 'machine', async () => place.machine(CLIENT)],
    ['the identity of an App Service', 'appService', async () => place.appService(SERVICE_HEADER)],
    ['the identity of a server in Azure Arc', 'arc', async () => place.arc()],
  ] as const)('is opened by %s, with one token for many calls at once', async (_name, way, credentials) => {
    const store = await place.open([await credentials()]);
    await Promise.all(['a', 'b', 'c'].map((key) => store.put(key, Buffer.from(key))));
    expect((await store.get('a'))?.toString()).toBe('a');
    expect([...place.tokens.given]).toEqual([[way, 1]]);
    place.tokens.endAll();
    expect((await store.get('b'))?.toString()).toBe('b');
    expect([...place.tokens.given]).toEqual([[way, 2]]);
  });

  it('is opened by the login of az, which is asked once, and again when its token ends early', async () => {
    place.tokens.take('token-of-az');
    const log = join(place.folder, 'asked');
    const token = `{"accessToken": "token-of-az", "expiresOn": "2199-01-01 00:00:00.000000"}`;
    const store = await place.open([await place.az(`echo "$@" >> ${log}; echo WARNING: old >&2; echo '${token}'`)]);
    await store.put('a', Buffer.from('a'));
    expect((await store.get('a'))?.toString()).toBe('a');
    place.tokens.endAll();
    await expect(store.get('a')).rejects.toMatchObject({ kind: 'denied' });
    const asked = await readFile(log, 'utf8');
    expect(asked.trim().split('\n')).toEqual(
      Array.from({ length: 2 }, () => 'account get-access-token --output json --resource https://storage.azure.com/'),
    );
  });

  it('reads the token of a pod anew each time, as Kubernetes replaces it', async () => {
    const path = await place.file('token', 'hunter2.of.yesterday');
    const store = await place.open([place.application({ kind: 'federatedToken', file: path })]);
    await expect(store.get('a')).rejects.toMatchObject({ kind: 'denied' });
    await writeFile(path, FEDERATED_TOKEN);
    expect(await store.get('a')).toBeUndefined();
  });

  it('asks Entra through the proxy, and the machine directly', async () => {
    const proxy = { http: place.tokens.endpoint };
    const [first, second] = [
      await place.open([place.secret()], { proxy }),
      await place.open([place.machine()], { proxy }),
    ];
    await first.put('a', Buffer.from('a'));
    await second.get('a');
    expect(place.tokens.given.get('machine')).toBe(1);
    expect(place.tokens.proxied).toEqual([`/${TENANT}/oauth2/v2.0/token`, '/account/c/a', '/account/c/a']);
  });
});

describe('a token for Azure', () => {
  it('is renewed minutes before it ends', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = await place.open([place.secret()]);
    await store.put('a', Buffer.from('a'));
    vi.setSystemTime(Date.now() + 3_200_000);
    await store.get('a');
    expect(place.tokens.given.get('secret')).toBe(1);
    vi.setSystemTime(Date.now() + 200_000);
    await store.get('a');
    expect(place.tokens.given.get('secret')).toBe(2);
  });

  it('that lives for minutes only is not asked for with every call', async () => {
    place.tokens.lifetimeS = 120;
    const store = await place.open([place.machine()]);
    await store.put('a', Buffer.from('a'));
    await store.get('a');
    expect(place.tokens.given.get('machine')).toBe(1);
  });

  it('is used to its end if there is no new one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = await place.open([place.secret()]);
    await store.put('a', Buffer.from('a'));
    vi.setSystemTime(Date.now() + 3_400_000);
    place.tokens.troubles.push({ status: 503, text: 'busy' });
    expect((await store.get('a'))?.toString()).toBe('a');
    expect(place.tokens.troubles).toEqual([]);
    expect((await store.get('a'))?.toString()).toBe('a');
    expect(place.tokens.given.get('secret')).toBe(1);
    vi.setSystemTime(Date.now() + 60_000);
    await store.get('a');
    expect(place.tokens.given.get('secret')).toBe(2);
  });

  it.each([
    [{ status: 503, text: 'busy' }, 'a server in trouble'],
    [{ status: 429, text: '', headers: { 'retry-after': '0' } }, 'too many requests'],
    [{ status: 404, text: '' }, 'a metadata server that is being updated'],
    [{ status: 200, text: '<html>hello' }, 'an answer that is none'],
    [{ status: 200, text: '{"access_token":"a\\nb"}' }, 'a token that is none'],
  ] as readonly (readonly [Trouble, string])[])('is asked for again after %j: %s', async (trouble) => {
    place.tokens.troubles.push(trouble);
    const store = await place.open([place.machine()]);
    expect(await store.put('a', Buffer.from('a'))).toBe('written');
    expect(place.tokens.given.get('machine')).toBe(1);
  });

  it('comes from az where there is no machine of Azure, and never once the machine has given one', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const all = [{ kind: 'managed' }, await place.az(`echo '{"accessToken": "token-of-az"}'`)] as const;
    const noAnswer = Object.assign(new Error('nothing came'), { code: 'ETIMEDOUT' });
    const send = vi.fn<Send>().mockRejectedValue(noAnswer);
    const ways = { send, sendDirectly: send };
    expect(await new TokenSource(all).text(ways)).toBe('token-of-az');
    const source = new TokenSource(all);
    const body = ReadableStream.from([Buffer.from('{"access_token": "token-of-the-machine"}')]);
    send.mockResolvedValueOnce({ status: 200, headers: {}, body });
    expect(await source.text(ways)).toBe('token-of-the-machine');
    vi.setSystemTime(Date.now() + 3_600_000);
    await expect(source.text(ways)).rejects.toThrow(TokenGiverAway);
  });

  it('of az is taken on a virtual machine without an identity, if none is named', async () => {
    const none = { status: 400, text: '{"error":"invalid_request","error_description":"Identity not found"}' };
    place.tokens.take('token-of-az');
    const cli = await place.az(`echo '{"accessToken": "token-of-az", "expires_on": 7258118400}'`);
    place.tokens.troubles.push(none);
    expect(await (await place.open([place.machine(), cli])).put('a', Buffer.from('a'))).toBe('written');
    place.tokens.troubles.push(none);
    const named = await place.open([place.machine(CLIENT), cli]);
    await expect(named.get('a')).rejects.toMatchObject({ kind: 'denied', message: /Identity not found/ });
  });
});
