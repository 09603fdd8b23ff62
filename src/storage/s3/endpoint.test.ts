import { describe, expect, it } from 'vitest';

import { endpointUrl, keyPrefix } from './endpoint.ts';

describe('the endpoint of an S3 store', () => {
  it.each([
    ['minio.example', 'https://minio.example'],
    ['minio.example:9000', 'https://minio.example:9000'],
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000'],
    ['HTTPS://s3.example/base/', 'https://s3.example/base'],
    ['[::1]:9000', 'https://[::1]:9000'],
  ])('%s is %s', (given, url) => {
    expect(endpointUrl(given)).toBe(url);
  });

  it.each(['', 's3://bucket', 'http://', 'a b', 'https://host/?x=1'])('is refused when it is %j', (given) => {
    expect(() => endpointUrl(given)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('does not repeat a password that was written into it', () => {
    expect(() => endpointUrl('https://me:hunter2@host')).toThrow(expect.not.stringContaining('hunter2'));
  });
});

describe('the prefix of keys in a bucket', () => {
  it.each([
    ['', ''],
    ['/', ''],
    ['a', 'a/'],
    ['/a/b/', 'a/b/'],
  ])('%j begins keys with %j', (given, prefix) => {
    expect(keyPrefix(given)).toBe(prefix);
  });
});
