/**
 * What every store over HTTP promises of the way to it: a file of authorities is what its certificate is trusted by, and a proxy leads
 * there.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { expect, it } from 'vitest';

import type { ProxySettings } from '../../src/storage/http-agents.ts';
import { openStore, type StoreLocation } from '../../src/storage/open.ts';
import { ForwardProxy } from './forward-proxy.ts';

/** New places of one kind of store. */
export interface EncryptedWay {
  /** Over TLS, whose authority is in a file. An object of `largeBytes` goes there in parts. */
  readonly secure: (over: { readonly proxy?: ProxySettings }) => Promise<StoreLocation & { readonly caFile?: string }>;
  /** Over TLS, without that file. */
  readonly untrusted: () => Promise<StoreLocation>;
  readonly plain: (over: { readonly proxy: ProxySettings }) => Promise<StoreLocation>;
  readonly largeBytes: number;
}

/** Declares its cases. */
export function itIsReachedSafely({ secure, untrusted, plain, largeBytes }: EncryptedWay): void {
  it('is trusted by the file of authorities, for uploads in parts too, and refused without it', async () => {
    const store = await openStore(await secure({}));
    const body = randomBytes(largeBytes);
    await store.put('k', body);
    expect((await store.get('k'))?.equals(body)).toBe(true);
    await expect((await openStore(await untrusted())).get('k')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('CERT'),
    });
  });

  it('leads through the proxy that is set, but for the hosts that are excepted', async () => {
    await using proxy = await ForwardProxy.start();
    const throughTunnel = await openStore(await secure({ proxy: { https: proxy.url } }));
    await throughTunnel.put('k', Buffer.from('x'));
    expect((await throughTunnel.get('k'))?.toString()).toBe('x');
    expect(proxy.tunnelCount).toBeGreaterThan(0);
    expect(proxy.requestCount).toBe(0);
    await (await openStore(await plain({ proxy: { http: proxy.url } }))).put('k', Buffer.from('x'));
    const { requestCount } = proxy;
    expect(requestCount).toBeGreaterThan(0);
    const excepted = await openStore(await plain({ proxy: { http: proxy.url, except: '127.0.0.1' } }));
    await excepted.put('k', Buffer.from('x'));
    expect(proxy.requestCount).toBe(requestCount);
  });
}
