import { describe, expect, it } from 'vitest';

import { keyBytes, stringToSign } from './shared-key.ts';

describe('what is signed of a request', () => {
  it('is the verb, the headers in their order, those of Azure by name, and the resource with its query by name', () => {
    const text = stringToSign('acct', {
      method: 'PUT',
      url: 'https://acct.blob.core.windows.net/box/a%20b?comp=block&blockid=Zm9v',
      headers: { 'x-ms-version': '2021-12-02', 'content-md5': 'sum', 'x-ms-date': 'now', 'if-none-match': '*' },
      body: [Buffer.from('abc'), Buffer.from('de')],
    });
    expect(text).toBe(
      'PUT\n\n\n5\nsum\n\n\n\n\n*\n\n\nx-ms-date:now\nx-ms-version:2021-12-02\n/acct/box/a%20b\nblockid:Zm9v\ncomp:block',
    );
  });

  it('has no length where there is no body', () => {
    const url = 'http://127.0.0.1:10000/acct/box/a';
    expect(stringToSign('acct', { method: 'PUT', url, headers: {} })).toBe(`PUT${'\n'.repeat(12)}/acct/acct/box/a`);
  });
});

describe('the key of an account', () => {
  it('is base64; what is none is refused without being repeated', () => {
    expect(keyBytes(' Zm9vYg== \n').toString()).toBe('foob');
    for (const key of ['', 'not base64!', 'Zm9'])
      expect(() => keyBytes(key)).toThrow(
        expect.objectContaining({ kind: 'usage', message: expect.not.stringContaining('Zm9') }),
      );
  });
});
