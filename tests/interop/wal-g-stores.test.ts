/** Archives that the real wal-g and we share over SSH: each reads what the other wrote. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { runProgram } from '../support/postgres.ts';
import { startSshd } from '../support/sshd.ts';

const WALG = process.env['WALG_BINARY'];
if (WALG === undefined)
  console.warn('SKIPPED: WALG_BINARY names no wal-g, so what it makes of archives over SSH is not tested');

const server = WALG === undefined ? undefined : await startSshd();
type Walg = (...args: readonly string[]) => Promise<string>;

const scratch = await mkdtemp(join(tmpdir(), 'walkback-interop-'));

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

describe.skipIf(server === undefined)('the real wal-g over SSH', () => {
  async function shared(): Promise<{ store: ObjectStore; walg: Walg }> {
    if (server === undefined) throw new Error('there is no SSH server');
    const location = await server.newFolder();
    const environment = {
      WALG_SSH_PREFIX: `ssh://127.0.0.1${location.path}`,
      SSH_PORT: String(location.port),
      SSH_USERNAME: location.username,
      SSH_PRIVATE_KEY_PATH: server.keyFile,
      WALG_COMPRESSION_METHOD: 'zstd',
      PGDATA: scratch,
    };
    return {
      store: await openStore(location),
      walg: (...args) => runProgram(WALG ?? '', args, environment),
    };
  }
  it('reads objects of ours, whole and listed', async () => {
    const { store, walg } = await shared();
    const bytes = randomBytes(3_000_001);
    await store.put('some/object.bin', bytes);
    const file = join(scratch, 'got');
    await walg('st', 'get', 'some/object.bin', file, '--no-decrypt', '--no-decompress');
    expect((await readFile(file)).equals(bytes)).toBe(true);
    expect(await walg('st', 'ls', 'some/')).toContain('object.bin');
    await store.close();
  });

  it('writes segments that we read, under the names that we look for', async () => {
    const { store, walg } = await shared();
    const segments = join(scratch, 'pg_wal');
    await mkdir(segments, { recursive: true });
    const bytes = randomBytes(1_000_003);
    const file = join(segments, 'plain');
    await writeFile(file, bytes);
    await walg('st', 'put', file, 'wal_005/plain', '--no-encrypt', '--no-compress');
    expect(await Array.fromAsync(store.list('wal_005/'))).toMatchObject([
      { key: 'wal_005/plain', sizeBytes: bytes.byteLength },
    ]);
    expect((await store.get('wal_005/plain'))?.equals(bytes)).toBe(true);
    await store.close();
  });
});
