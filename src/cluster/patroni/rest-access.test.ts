import { describe, expect, it } from 'vitest';

import { openMemberRest } from './rest-client.ts';
import { restAccessOf, tlsOptionsOf } from './rest-access.ts';

describe('the access to a REST API', () => {
  it('is that of ctl before that of restapi, as for Patroni’s own tools', () => {
    const restapi = { authentication: { username: 'patroni', password: 'a:b' }, cafile: '/ca' };
    expect(restAccessOf({ restapi })).toMatchObject({ auth: 'patroni:a:b', caFile: '/ca', isInsecure: false });
    const ctl = {
      auth: 'ctl:c',
      cacert: '/other',
      insecure: true,
      certfile: '/cert',
      keyfile: '/key',
      keyfile_password: 'p',
    };
    expect(restAccessOf({ restapi, ctl })).toEqual({
      auth: 'ctl:c',
      caFile: '/other',
      isInsecure: true,
      certFile: '/cert',
      keyFile: '/key',
      keyPassword: 'p',
    });
  });

  it('has no password where none is set', () => {
    expect(restAccessOf({}).auth).toBeUndefined();
  });

  it('names a file that cannot be read', async () => {
    const access = restAccessOf({ restapi: { cafile: '/there/is/none' } });
    await expect(tlsOptionsOf(access)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('/there/is/none'),
    });
  });
});

describe('a REST API', () => {
  it('is unavailable where nothing listens, and has no status then', async () => {
    const rest = openMemberRest('http://127.0.0.1:9/patroni', restAccessOf({}));
    expect(rest.url).toBe('http://127.0.0.1:9');
    expect(await rest.status()).toBeUndefined();
    await expect(rest.members()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('does not take a certificate that cannot be read for silence', async () => {
    const access = restAccessOf({ ctl: { cacert: '/there/is/none' } });
    await expect(openMemberRest('https://127.0.0.1:9', access).status()).rejects.toMatchObject({ kind: 'usage' });
  });

  it('is refused at an address that is none', () => {
    expect(() => openMemberRest('10.0.0.1:8008', restAccessOf({}))).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
