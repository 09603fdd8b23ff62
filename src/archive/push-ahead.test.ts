import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Compression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import { decompress } from '../codec/compression.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import type { AgentEvent } from './agent-event.ts';
import { PushAhead } from './push-ahead.ts';
import { spoolPaths } from './spool.ts';
import { wrappedStore } from './testing/wrapped-store.ts';
import { WalBuffers } from './wal-buffers.ts';

let root: string;
let acknowledged: string;
let refused: string;
let waiting: string;
let status: string;
let pushing: PushAhead;
let told: AgentEvent[];
let store: ObjectStore;
let openPushing: (replaced: Partial<ObjectStore>, compression?: Compression) => PushAhead;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-push-ahead-'));
  const paths = spoolPaths(join(root, 'spool'), 'key');
  acknowledged = paths.acknowledged;
  refused = paths.refused;
  waiting = paths.waiting;
  status = join(root, 'data/pg_wal/archive_status');
  told = [];
  const folders = [join(root, 'archive'), status, acknowledged, refused, waiting];
  for (const folder of folders) await mkdir(folder, { recursive: true });
  store = await openStore({ kind: 'file', path: join(root, 'archive') });
  openPushing = (replaced, compression = 'zstd') =>
    new PushAhead({
      store: wrappedStore(store, replaced),
      dataDirectory: join(root, 'data'),
      paths,
      systemIdentifier: 1n,
      walSegmentSizeBytes: 1024 * 1024,
      compression,
      concurrency: 2,
      buffers: new WalBuffers({ count: 2, sizeBytes: 1024 * 1024 }),
      report: (event) => told.push(event),
      signal: new AbortController().signal,
    });
  pushing = openPushing({});
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A history file that the server wants archived. */
async function makeReady(fileName: string): Promise<void> {
  await writeFile(join(root, 'data/pg_wal', fileName), '1\t0/3000000\tno recovery target specified\n');
  await writeFile(join(status, `${fileName}.ready`), '');
}

const failed = () => told.filter(({ kind }) => kind === 'pushFailed').length;

describe('pushing ahead of archive_command', () => {
  it('takes away an acknowledgement that the server no longer waits for', async () => {
    await writeFile(join(acknowledged, '000000010000000000000001'), 'key\n');
    await pushing.look();
    expect(await readdir(acknowledged)).toEqual([]);
  });

  it('leaves an acknowledgement alone that is just being written', async () => {
    await writeFile(join(acknowledged, '000000010000000000000001.walkback-tmp'), 'key\n');
    await pushing.look();
    expect(await readdir(acknowledged)).toEqual(['000000010000000000000001.walkback-tmp']);
  });

  it('acknowledges a file that is pushed while it looks again and again', async () => {
    await makeReady('00000002.history');
    while (!(await readdir(acknowledged)).includes('00000002.history')) await pushing.look();
    expect(await readdir(refused)).toEqual([]);
  });

  it('compresses with lz4 beside its own thread while many wait, and here when few do', async () => {
    pushing = openPushing({}, 'lz4');
    const timelines = Array.from({ length: 8 }, (_, at) => `0000000${at + 2}`);
    for (const timeline of timelines) await makeReady(`${timeline}.history`);
    while ((await readdir(acknowledged)).length < timelines.length) await pushing.look();
    await pushing.settle();
    for (const timeline of timelines) {
      const name = `${timeline}.history`;
      const stored = (await store.get(`wal_005/${name}.lz4`)) ?? Buffer.alloc(0);
      const content = await decompress('lz4', stored, { maxBytes: 1000, object: name });
      expect(content.toString()).toBe('1\t0/3000000\tno recovery target specified\n');
    }
  });

  describe('to a store that refuses', () => {
    let puts: number;

    beforeEach(async () => {
      puts = 0;
      pushing = openPushing({
        put: async () => {
          puts += 1;
          throw new Failure('denied', { message: 'access denied', remedy: 'Look at the credentials.' });
        },
      });
      for (let timeline = 16; timeline < 32; timeline += 1)
        await makeReady(`000000${timeline.toString(16).toUpperCase()}.history`);
    });

    async function lookFor(ms: number): Promise<void> {
      const endMs = Date.now() + ms;
      while (Date.now() < endMs) {
        await pushing.look();
        await new Promise((done) => setTimeout(done, 10));
      }
      await pushing.settle();
    }

    it('tries one file after a pause, not all that wait', async () => {
      await lookFor(1500);
      // Two are under way when the first fails; one a second later.
      expect(puts).toBe(3);
      expect(pushing.isBusy).toBe(false);
    });

    it('tries at once what the server asks for in between', async () => {
      await lookFor(300);
      const before = puts;
      await writeFile(join(waiting, '0000001F.history'), '');
      await lookFor(200);
      expect(puts).toBe(before + 1);
      expect(await readdir(refused)).toContain('0000001F.history');
    });

    it('forgets why a file failed that is not ready any more', async () => {
      await lookFor(200);
      expect(failed()).toBe(2);
      await rm(status, { recursive: true });
      await lookFor(1500);
      const forgotten = told.filter(({ kind }) => kind === 'noLongerReady');
      expect(forgotten).toHaveLength(failed());
      expect(await readdir(refused)).toEqual([]);
    });
  });
});
