import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openStore } from '../storage/open.ts';
import { PushAhead } from './push-ahead.ts';
import { spoolPaths } from './spool.ts';
import { WalBuffers } from './wal-buffers.ts';

let root: string;
let acknowledged: string;
let refused: string;
let pushing: PushAhead;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-push-ahead-'));
  const paths = spoolPaths(join(root, 'spool'), 'key');
  acknowledged = paths.acknowledged;
  refused = paths.refused;
  const folders = [
    join(root, 'archive'),
    join(root, 'data/pg_wal/archive_status'),
    acknowledged,
    refused,
    paths.waiting,
  ];
  for (const folder of folders) await mkdir(folder, { recursive: true });
  pushing = new PushAhead({
    store: await openStore({ kind: 'file', path: join(root, 'archive') }),
    dataDirectory: join(root, 'data'),
    paths,
    systemIdentifier: 1n,
    walSegmentSizeBytes: 1024 * 1024,
    compression: 'zstd',
    concurrency: 2,
    buffers: new WalBuffers({ count: 2, sizeBytes: 1024 * 1024 }),
    report: () => {},
    signal: new AbortController().signal,
  });
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

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
    await writeFile(join(root, 'data/pg_wal/00000002.history'), '1\t0/3000000\tno recovery target specified\n');
    await writeFile(join(root, 'data/pg_wal/archive_status/00000002.history.ready'), '');
    while (!(await readdir(acknowledged)).includes('00000002.history')) await pushing.look();
    expect(await readdir(refused)).toEqual([]);
  });
});
