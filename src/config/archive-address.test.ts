import { describe, expect, it } from 'vitest';

import { archiveAddress } from './archive-address.ts';
import { loadSettings } from './load-settings.ts';

const locate = async (environment: Record<string, string>) =>
  archiveAddress(await loadSettings({ environment, workingDirectory: '/' }));

describe('the place of an archive', () => {
  it.each([
    [{ WALKBACK_ARCHIVE: '/srv/a/' }, { kind: 'file', path: '/srv/a' }],
    [{ WALKBACK_ARCHIVE: 'file:///srv/a' }, { kind: 'file', path: '/srv/a' }],
    [{ WALG_FILE_PREFIX: 'file://localhost/srv/a' }, { kind: 'file', path: '/srv/a' }],
    [
      { WALE_FILE_PREFIX: '/srv/a', WALG_STORAGE_PREFIX: 'blue' },
      { kind: 'file', path: '/srv/a/blue' },
    ],
    [
      { WALKBACK_ARCHIVE: '/srv/a', WALG_STORAGE_PREFIX: 'blue' },
      { kind: 'file', path: '/srv/a' },
    ],
    [{ WALG_S3_PREFIX: 's3://b/x/y/' }, { kind: 's3', bucket: 'b', prefix: 'x/y' }],
    [
      { WALG_S3_PREFIX: 's3://b', WALG_STORAGE_PREFIX: '/z/' },
      { kind: 's3', bucket: 'b', prefix: 'z' },
    ],
    [
      { WALG_S3_PREFIX: 's3://b/x', WALE_S3_PREFIX: 's3://b/x' },
      { kind: 's3', bucket: 'b', prefix: 'x' },
    ],
    [{ WALKBACK_ARCHIVE: 'gs://b/x//y/' }, { kind: 'gcs', bucket: 'b', prefix: 'x/y' }],
    [
      { WALE_GS_PREFIX: 'gs://b//x/', GCS_NORMALIZE_PREFIX: 'false' },
      { kind: 'gcs', bucket: 'b', prefix: '/x' },
    ],
    [{ WALG_AZ_PREFIX: 'azure://c/x/' }, { kind: 'azure', container: 'c', prefix: 'x' }],
    [{ WALKBACK_ARCHIVE: 'azure://c' }, { kind: 'azure', container: 'c', prefix: '' }],
    [
      { WALG_SSH_PREFIX: 'ssh://h.example/srv/a/', WALG_STORAGE_PREFIX: 'blue' },
      { kind: 'ssh', host: 'h.example', path: '/srv/a/blue' },
    ],
    [
      { WALKBACK_ARCHIVE: 'ssh://me@[::1]:2222/srv' },
      { kind: 'ssh', host: '::1', port: 2222, username: 'me', path: '/srv' },
    ],
    [
      { WALKBACK_ARCHIVE: 's3://c/z', WALG_S3_PREFIX: 's3://b', WALG_GS_PREFIX: 'gs://d' },
      { kind: 's3', bucket: 'c' },
    ],
  ])('for %j is %j', async (environment, expected) => {
    expect(await locate(environment)).toMatchObject(expected);
  });

  it('is refused when two kinds of store have a prefix, naming both', async () => {
    await expect(locate({ WALG_FILE_PREFIX: '/srv/a', WALE_S3_PREFIX: 's3://b/x' })).rejects.toMatchObject({
      kind: 'usage',
      message: 'cannot tell where the archive is: WALE_S3_PREFIX (s3://b/x) and WALG_FILE_PREFIX (/srv/a) are both set',
      remedy: expect.stringContaining('WALKBACK_ARCHIVE'),
    });
  });

  it.each(['WALE_SWIFT_PREFIX', 'WALG_OSS_PREFIX'])(
    'is refused for %s, which is known and not supported',
    async (variable) => {
      await expect(locate({ [variable]: 'x://y' })).rejects.toMatchObject({
        message: expect.stringContaining(`${variable} names a kind of store that is not supported`),
      });
    },
  );

  it.each([
    [{}, 'it is not set'],
    [{ WALG_S3_PREFIX: '/srv/a' }, 'WALG_S3_PREFIX is "/srv/a"'],
    [{ WALG_FILE_PREFIX: 'srv' }, 'WALG_FILE_PREFIX is "srv"'],
    [{ WALG_GS_PREFIX: 's3://b' }, 'WALG_GS_PREFIX is "s3://b"'],
    [{ WALG_AZ_PREFIX: 'azure:///b' }, 'WALG_AZ_PREFIX is "azure:///b"'],
    [{ WALG_SSH_PREFIX: 'ssh://host' }, 'WALG_SSH_PREFIX is "ssh://host"'],
    [{ WALG_SSH_PREFIX: 'ssh://host:70000/a' }, 'WALG_SSH_PREFIX is "ssh://host:70000/a"'],
  ])('is refused for %j', async (environment, found) => {
    await expect(locate(environment)).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining(found) });
  });

  it('does not show the password of an address that has one', async () => {
    const refusal = locate({ WALG_SSH_PREFIX: 'ssh://me:hunter2@host/srv' });
    await expect(refusal).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('"ssh://…@host/srv"'),
    });
    await expect(refusal).rejects.not.toThrow(/hunter2/);
  });
});
