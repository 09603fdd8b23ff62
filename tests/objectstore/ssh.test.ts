/** The SSH backend against a real OpenSSH server. */

import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import type { SshLocation } from '../../src/storage/ssh/ssh-location.ts';
import { namesMade } from '../support/sftp-requests.ts';
import { startSshd } from '../support/sshd.ts';

const MIB = 1024 * 1024;
const HASTY = { attemptIdleMs: 2_000, callMs: 5_000 };

const server = await startSshd();
const opened: ObjectStore[] = [];

afterAll(async () => {
  for (const store of opened) await store.close();
  await server?.[Symbol.asyncDispose]();
});

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no SSH server');
  return server;
}

async function open(options: Partial<SshLocation> = {}, deadlines = HASTY): Promise<ObjectStore & { path: string }> {
  const location = await real().newFolder(options);
  const store = await openStore(location, deadlines);
  opened.push(store);
  return Object.assign(store, { path: location.path });
}

describe.skipIf(server === undefined)('SFTP (OpenSSH)', () => {
  itKeepsTheObjectStoreContract({
    name: 'SFTP',
    open: () => open(),
    openMissing: () => open({ path: '/no/such/folder' }),
    listedObjects: 1_234,
    largeBodyBytes: 5 * MIB,
  });

  it('writes files that others find under their own names, and leaves no others', async () => {
    const store = await open();
    await store.put('wal_005/a', Buffer.from('x'));
    await store.put('wal_005/a', Buffer.from('y'));
    await store.put('wal_005/b', Buffer.from('z'), { ifAbsent: true });
    expect((await readdir(join(store.path, 'wal_005'))).toSorted()).toEqual(['a', 'b']);
    expect(await readFile(join(store.path, 'wal_005', 'a'), 'utf8')).toBe('y');
    expect((await stat(join(store.path, 'wal_005', 'b'))).nlink).toBe(1);
  });

  it('hides files that are still being written, ours and those of WAL-G', async () => {
    const store = await open();
    await writeFile(join(store.path, 'a.tmp.20260102T030405Z-0123456789abcdef'), 'half');
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
    await expect(store.get('a.tmp.20260102T030405Z-0123456789abcdef')).rejects.toMatchObject({ kind: 'usage' });
  });

  it('refuses to list what is neither a file nor a folder', async () => {
    const store = await open();
    await symlink('/etc', join(store.path, 'elsewhere'));
    await expect(Array.fromAsync(store.list(''))).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('elsewhere'),
    });
  });
});

describe.skipIf(server === undefined)('What is written over SFTP', () => {
  it('is durable with its name, and the names of the folders that were made for it', async () => {
    const store = await open();
    expect(await namesMade(store.path, () => store.put('a/b/x', Buffer.from('x'), { ifAbsent: true }))).toEqual([
      'mkdir /a',
      'sync /',
      'mkdir /a/b',
      'sync /a',
      'sync /a/b/x.tmp',
      'name /a/b/x',
      'sync /a/b',
    ]);
    expect(await namesMade(store.path, () => store.put('a/b/x', Buffer.from('y')))).toEqual([
      'sync /a/b/x.tmp',
      'name /a/b/x',
      'sync /a/b',
    ]);
  });

  it('is made durable before it is said to be there: who wrote it may have been killed right before that', async () => {
    const store = await open();
    await mkdir(join(store.path, 'a', 'b'), { recursive: true });
    await writeFile(join(store.path, 'a', 'b', 'x'), 'x');
    const withNames = ['sync /', 'sync /a', 'sync /a/b', 'sync /a/b/x'];
    const put = () => store.put('a/b/x', Buffer.from('x'), { ifAbsent: true });
    expect((await namesMade(store.path, put)).toSorted()).toEqual(withNames);
    expect((await namesMade(store.path, async () => store.sync?.('a/b/x'))).toSorted()).toEqual(withNames);
    expect(await namesMade(store.path, async () => store.sync?.('a/c/y'))).toEqual([]);
  });
});

describe.skipIf(server === undefined || process.getuid?.() === 0)('A folder that the server does not open', () => {
  it('is written to all the same', async () => {
    const store = await open();
    await mkdir(join(store.path, 'closed'));
    await chmod(join(store.path, 'closed'), 0o300);
    const written = await namesMade(store.path, () => store.put('closed/x', Buffer.from('x'), { ifAbsent: true }));
    await chmod(join(store.path, 'closed'), 0o700);
    expect(written).toEqual(['sync /closed/x.tmp', 'name /closed/x']);
    expect((await store.get('closed/x'))?.toString()).toBe('x');
  });
});

describe.skipIf(server === undefined || process.getuid?.() === 0)('A folder that the user may not use', () => {
  /** A folder with an object in it, closed to its own user meanwhile. */
  async function closedTo(mode: number, use: (store: ObjectStore & { path: string }) => Promise<void>): Promise<void> {
    const store = await open();
    await store.put('closed/there', Buffer.from('x'));
    await chmod(join(store.path, 'closed'), mode);
    try {
      await use(store);
    } finally {
      await chmod(join(store.path, 'closed'), 0o700);
    }
    expect(await readdir(join(store.path, 'closed'))).toEqual(['there']);
  }

  const deniedFor = (action: string): object =>
    expect.objectContaining({
      kind: 'denied',
      message: expect.stringMatching(new RegExp(`^cannot ${action} ssh://.*/closed.*: the host denies it`)),
      remedy: expect.stringContaining('Give the user that logs in there access'),
    });

  it('to write into names the object, and leaves nothing beside it', async () => {
    await closedTo(0o500, async (store) => {
      for (const options of [{}, { ifAbsent: true }]) {
        const error: unknown = await store
          .put('closed/new', Buffer.from('y'), options)
          .catch((thrown: unknown) => thrown);
        expect(error).toEqual(deniedFor('write'));
        expect(String(error)).toContain('/closed/new');
      }
      await expect(store.put('closed/deep/new', Buffer.from('y'))).rejects.toEqual(deniedFor('write'));
      await expect(store.put('closed/there', Buffer.from('y'))).rejects.toEqual(deniedFor('write'));
      await expect(store.delete(['closed/there'])).rejects.toEqual(deniedFor('delete'));
      expect((await store.get('closed/there'))?.toString()).toBe('x');
    });
  });

  it('to look into names the object, which is never taken to be absent', async () => {
    await closedTo(0, async (store) => {
      for (const read of [
        async () => store.get('closed/there'),
        async () => store.open('closed/there'),
        async () => store.stat('closed/not-there'),
        async () => Array.fromAsync(store.list('')),
        async () => store.listFolder('closed/'),
      ])
        await expect(read()).rejects.toEqual(deniedFor('(?:read|look at|list)'));
      await expect(store.put('closed/new', Buffer.from('y'), { ifAbsent: true })).rejects.toEqual(deniedFor('look at'));
    });
  });

  it('may hold one object alone that may not be read', async () => {
    const store = await open();
    await store.put('a/there', Buffer.from('x'));
    await chmod(join(store.path, 'a', 'there'), 0);
    const failure = {
      kind: 'denied',
      message: expect.stringMatching(/^cannot read ssh:\/\/.*\/a\/there: the host denies it/),
    };
    await expect(store.get('a/there')).rejects.toMatchObject(failure);
    expect(await Array.fromAsync(store.list(''))).toMatchObject([{ key: 'a/there', sizeBytes: 1 }]);
  });
});

describe.skipIf(server === undefined)('A host reached by SSH', () => {
  it('is refused when it is not known, with its fingerprint and the line that makes it known', async () => {
    const empty = join(real().root, '..', 'empty_known_hosts');
    await writeFile(empty, '# nobody\n');
    const store = await open({ trust: { kind: 'knownHosts', files: ['/no/such/file', empty] } });
    await expect(store.get('a')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining(real().fingerprint),
      remedy: expect.stringContaining(`ssh-keyscan -p ${real().port} 127.0.0.1`),
    });
  });

  it('is refused when its key is another one than before, or is revoked', async () => {
    const file = join(real().root, '..', 'other_known_hosts');
    const [name, type, key] = (await readFile(real().knownHostsFile, 'utf8')).trim().split(' ');
    const blob = Buffer.from(key ?? '', 'base64');
    blob[blob.byteLength - 1] = (blob.at(-1) ?? 0) ^ 1;
    await writeFile(file, `${name} ${type} ${blob.toString('base64')}\n`);
    const trust = { kind: 'knownHosts', files: [file] } as const;
    await expect((await open({ trust })).get('a')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('is not the one in'),
    });
    await writeFile(file, `@revoked ${name} ${type} ${key}\n`);
    await expect((await open({ trust })).get('a')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('revoked'),
    });
  });

  it('is known by the fingerprint that was set, and by no other', async () => {
    const known = await open({ trust: { kind: 'fingerprints', fingerprints: ['SHA256:other', real().fingerprint] } });
    expect(await known.get('a')).toBeUndefined();
    const unknown = await open({ trust: { kind: 'fingerprints', fingerprints: ['SHA256:other'] } });
    await expect(unknown.get('a')).rejects.toMatchObject({ kind: 'denied' });
  });

  it('takes a key with its passphrase; without it, or with another key, it says what to check', async () => {
    const { protectedKeyFile, passphrase, root } = real();
    const store = await open({ privateKeyFile: protectedKeyFile, privateKeyPassphrase: passphrase });
    await store.put('a', Buffer.from('x'));
    const wrong = await open({ privateKeyFile: protectedKeyFile, privateKeyPassphrase: 'not the word' });
    const error: unknown = await wrong.get('a').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'usage', remedy: expect.stringContaining('passphrase') });
    expect(String(error)).not.toContain('not the word');
    const stranger = await open({ privateKeyFile: join(root, '..', 'host') });
    await expect(stranger.get('a')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('login'),
    });
    const missing = await open({ privateKeyFile: '/no/such/key' });
    await expect(missing.get('a')).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('/no/such/key'),
    });
  });

  it('that does not answer is unavailable, never empty', async () => {
    const store = await open({ port: 1, trust: { kind: 'anyone' } });
    await expect(store.get('a')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(Array.fromAsync(store.list(''))).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('names the folder that is missing on it', async () => {
    const store = await open({ path: '/no/such/folder' });
    await expect(store.get('a')).rejects.toMatchObject({
      kind: 'unavailable',
      remedy: expect.stringContaining('mkdir -p /no/such/folder'),
    });
  });
});

describe.skipIf(server === undefined)('A connection that breaks', () => {
  it('is made again for the next call', async () => {
    const store = await open();
    await store.put('a', Buffer.from('x'));
    await real().cutConnections();
    expect((await store.get('a'))?.toString()).toBe('x');
  });

  it('under a read is taken up where it stopped', async () => {
    const store = await open();
    const bytes = randomBytes(24 * MIB + 5);
    await store.put('a', bytes);
    const pieces: Buffer[] = [];
    let readBytes = 0;
    let cuts = 0;
    for await (const piece of (await store.open('a')) ?? []) {
      pieces.push(piece);
      readBytes += piece.byteLength;
      if (readBytes > (cuts + 1) * 7 * MIB) {
        cuts += 1;
        await real().cutConnections();
      }
    }
    expect(cuts).toBe(3);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  });

  it('that stalls under a read or a write is left for another, and both go on where they stood', async () => {
    const store = await open({}, { attemptIdleMs: 1_000, callMs: 60_000 });
    const bytes = randomBytes(16 * MIB + 5);
    const stallsOnce = async function* (chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
      let passed = 0;
      for await (const chunk of chunks) {
        if (passed < 7 * MIB && passed + chunk.byteLength >= 7 * MIB) await real().stallConnections();
        passed += chunk.byteLength;
        yield chunk;
      }
    };
    const pieces = Array.from({ length: 17 }, (_, index) => bytes.subarray(index * MIB, (index + 1) * MIB));
    expect(await store.put('a', stallsOnce(pieces), { ifAbsent: true })).toBe('written');
    const read = await Array.fromAsync(stallsOnce((await store.open('a')) ?? []));
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
    expect(await readdir(store.path)).toEqual(['a']);
  });

  it('under a read ends it when the file was replaced meanwhile', async () => {
    const store = await open();
    const bytes = randomBytes(24 * MIB);
    await store.put('a', bytes);
    const path = join(store.path, 'a');
    const { mtime } = await stat(path);
    const read = async (): Promise<void> => {
      let isFirst = true;
      for await (const _ of (await store.open('a')) ?? []) {
        if (!isFirst) continue;
        isFirst = false;
        // Another file of the same size and time.
        await unlink(path);
        await writeFile(path, randomBytes(bytes.byteLength));
        await utimes(path, mtime, mtime);
        await real().cutConnections();
      }
    };
    await expect(read()).rejects.toMatchObject({ kind: 'conflict', message: expect.stringContaining('replaced') });
  });

  it('under a write goes on with it, and what is there then is what was sent', async () => {
    const store = await open();
    const bytes = randomBytes(24 * MIB + 5);
    let cuts = 0;
    const body = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < bytes.byteLength; at += 999_999) {
        yield bytes.subarray(at, at + 999_999);
        if (at > (cuts + 1) * 7 * MIB) {
          cuts += 1;
          await real().cutConnections();
        }
      }
    };
    expect(await store.put('a', body(), { ifAbsent: true })).toBe('written');
    expect(cuts).toBe(3);
    expect((await store.get('a'))?.equals(bytes)).toBe(true);
    expect(await readdir(store.path)).toEqual(['a']);
  });

  it('again and again while many are written leaves each whole, under its name only', async () => {
    const store = await open({}, { attemptIdleMs: 5_000, callMs: 30_000 });
    const body = async function* (index: number): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100_000, index);
      if (index % 8 === 3) await real().cutConnections();
      yield Buffer.alloc(100_000, index);
    };
    const waiting = Array.from({ length: 40 }, (_, index) => index);
    const worker = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift())
        expect(await store.put(`f/${index}`, body(index), { ifAbsent: index % 2 === 0 })).toBe('written');
    };
    await Promise.all(Array.from({ length: 6 }, worker));
    for (let index = 0; index < 40; index += 1)
      expect((await store.get(`f/${index}`))?.equals(Buffer.alloc(200_000, index))).toBe(true);
    const keys = await Array.fromAsync(store.list(''));
    expect(keys).toHaveLength(40);
  });
});
