/**
 * `walkback-archive` and the agent's pushes where nothing more can be written under the spool: an empty file can still be
 * made there, and WAL must go on to the archive.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../../src/base/failure.ts';
import { PushAhead } from '../../src/archive/push-ahead.ts';
import { serveFrom, type SpoolPaths } from '../../src/archive/spool.ts';
import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import { WalBuffers } from '../../src/archive/wal-buffers.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { ARCHIVE_SCRIPT } from '../support/archived-cluster.ts';

const FILE = '00000002.history';

/** A small file system of its own at `folder`, for an ordinary user: seen through the process that has mounted it. */
async function smallFileSystem(folder: string): Promise<{ path: string; unmount: () => void } | undefined> {
  const script = 'mount -t tmpfs -o size=128k tmpfs "$0" && echo mounted && exec sleep 600';
  const words = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, folder];
  const holder = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'ignore'] });
  const failed = Promise.any([once(holder, 'error'), once(holder, 'exit')]).then(() => undefined);
  const mounted = once(holder.stdout, 'data').then(() => ({
    path: `/proc/${holder.pid}/root${folder}`,
    unmount: () => void holder.kill(),
  }));
  return Promise.race([mounted, failed.catch(() => undefined)]);
}

const root = await mkdtemp(join(tmpdir(), 'walkback-full-spool-'));
const small = await smallFileSystem(root);
if (small === undefined) console.warn('full-spool.test.ts is skipped: no file system can be mounted here');

afterAll(async () => {
  small?.unmount();
  await rm(root, { recursive: true, force: true });
});

describe.skipIf(small === undefined)('an archive_command on a full spool', () => {
  const spool = small?.path ?? root;
  const dataDirectory = join(root, 'data');
  const asked = join(root, 'asked');
  let store: ObjectStore;
  let paths: SpoolPaths;

  beforeAll(async () => {
    for (const folder of ['archive', 'bin', 'data/pg_wal/archive_status']) {
      await mkdir(join(root, folder), { recursive: true });
    }
    store = await openStore({ kind: 'file', path: join(root, 'archive') });
    await writeFile(join(root, 'bin/walkback'), `#!/bin/sh\necho "$@" >>'${asked}'\n`, { mode: 0o755 });
    await writeFile(join(dataDirectory, 'pg_wal', FILE), '1\t0/3000000\tno recovery target specified\n');
    await writeFile(join(dataDirectory, 'pg_wal/archive_status', `${FILE}.ready`), '');
  });
  afterAll(async () => store.close());

  beforeEach(async () => {
    await writeFile(asked, '');
    await rm(join(spool, 'fill'), { force: true });
    paths = await serveFrom(spool, { systemIdentifier: 1n, timeline: 1, history: '' }, dataDirectory);
    const block = Buffer.alloc(4096);
    for (let isFull = false; !isFull;) {
      isFull = await appendFile(join(spool, 'fill'), block).then(
        () => false,
        () => true,
      );
    }
  });

  /** How the script ends while an agent pushes to `to`. */
  async function archive(to: ObjectStore): Promise<number | null> {
    const child = spawn('sh', [ARCHIVE_SCRIPT, spool, `pg_wal/${FILE}`], {
      cwd: dataDirectory,
      env: { PATH: `${join(root, 'bin')}:/usr/bin:/bin` },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const pushing = new PushAhead({
      store: to,
      dataDirectory,
      paths,
      systemIdentifier: 1n,
      walSegmentSizeBytes: 1024 * 1024,
      compression: 'zstd',
      concurrency: 2,
      buffers: new WalBuffers({ count: 2, sizeBytes: 1024 * 1024 }),
      report: () => {},
      signal: new AbortController().signal,
    });
    // The agent has been asked for what it pushes: a reason from before is none.
    while ((await readdir(paths.waiting)).length === 0 && child.exitCode === null) await pause();
    while (child.exitCode === null) {
      await pushing.look();
      await pause();
    }
    await pushing.settle();
    const [code] = await ended;
    return code;
  }

  const pause = async () => new Promise((done) => setTimeout(done, 20));

  it('succeeds, since an acknowledgement needs no room', async () => {
    expect(await archive(store)).toBe(0);
    expect(await readFile(asked, 'utf8')).toBe('');
  });

  it('calls the program if there is no room for why the agent has not pushed', async () => {
    const put = async () => {
      throw new Failure('denied', { message: 'cannot write: access denied', remedy: 'Look at the credentials.' });
    };
    await rm(join(root, 'archive'), { recursive: true });
    await mkdir(join(root, 'archive'));
    expect(await archive(wrappedStore(store, { put }))).toBe(0);
    expect(await readFile(asked, 'utf8')).toBe(`wal push pg_wal/${FILE}\n`);
  });
});
