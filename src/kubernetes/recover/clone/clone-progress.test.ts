import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { namespacePlan } from '../../carry/testing/namespace-plan.ts';
import { NOTHING_SEEN, seenLine } from './clone-log.ts';
import { cloneProgress, MEASURE, measureOf } from './clone-progress.ts';

const run = promisify(execFile);
const { backup, ...others } = namespacePlan.recovery;
const recovery = { ...others, backup: { ...backup, uncompressedBytes: '4096000' } };
const FETCHES = seenLine(NOTHING_SEEN, 'INFO - cloning cluster shop using wal-g backup-fetch /data base_1');
const REPLAYS = seenLine(NOTHING_SEEN, 'INFO - Trying to perform point-in-time recovery');

describe('how far a clone is', () => {
  it('is its phase alone, where nothing can be counted', () => {
    expect(cloneProgress(recovery, NOTHING_SEEN, '')).toMatchObject({ phase: '', note: 'the pod starts' });
    expect(cloneProgress(recovery, FETCHES, 'df: no such file')).toMatchObject({ note: 'the backup is fetched' });
    expect(cloneProgress(recovery, FETCHES, 'work {"torn')).toMatchObject({ phase: '' });
  });

  it('is what is on the volume of what the backup has in all', () => {
    expect(cloneProgress(recovery, FETCHES, 'kibibytes 1000\n')).toEqual({
      phase: 'cut over',
      done: 1_024_000,
      total: 4_096_000,
      unit: 'bytes',
      note: 'the backup is fetched',
    });
  });

  it('promises no end where that is not known: more is there than was said, or the backup is a delta', () => {
    expect(cloneProgress(recovery, FETCHES, 'kibibytes 4001\n')).not.toHaveProperty('total');
    const delta = {
      ...recovery,
      backup: { ...recovery.backup, name: 'base_000000010000000000000004_D_000000010000000000000002' },
    };
    expect(cloneProgress(delta, FETCHES, 'kibibytes 1000\n')).not.toHaveProperty('total');
  });

  it('is the segments before the one that is replayed, of those of the plan', () => {
    expect(cloneProgress(recovery, REPLAYS, 'replays 000000010000000000000004\n')).toEqual({
      phase: 'cut over',
      done: 2,
      total: 4,
      unit: 'segments',
      note: 'WAL is replayed',
    });
    expect(cloneProgress(recovery, REPLAYS, 'replays 0000000100000000000000FF\n')).toMatchObject({ done: 4 });
  });

  it('is what our own image says of itself, whatever its log says', () => {
    const work = { work: 'clone', phase: 'replay', done: 5, total: 10, unit: 'bytes', note: 'at 15:02' };
    expect(cloneProgress(recovery, NOTHING_SEEN, `work ${JSON.stringify(work)}\n`)).toEqual({
      phase: 'cut over',
      done: 5,
      total: 10,
      unit: 'bytes',
      note: 'WAL is replayed, at 15:02',
    });
  });
});

describe('what is asked of the pod', () => {
  let folder: string;
  let data: string;
  const measure = async (what: string): Promise<string> => (await run('sh', ['-c', MEASURE, 'sh', data, what])).stdout;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clone-progress-'));
    data = join(folder, 'data');
    await mkdir(data);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is how much is on its volume while the backup is fetched, and nothing before there is a folder', async () => {
    await writeFile(join(data, 'base'), Buffer.alloc(300_000, 1));
    expect(measureOf(FETCHES)).toBe('bytes');
    expect(await measure('bytes')).toMatch(/^kibibytes [23]\d\d\n$/);
    await rm(data, { recursive: true });
    expect(await measure('bytes')).toBe('');
  });

  it('is the note of our own image, where there is one', async () => {
    await mkdir(`${data}.walkback`);
    await writeFile(`${data}.walkback/work.json`, '{"phase":"fetch"}\n');
    expect(await measure('bytes')).toBe('work {"phase":"fetch"}\n');
  });

  it('is the segment in the title of the process that replays', async () => {
    const title = 'postgres: shop: startup recovering 0000000100000000000000A3';
    const server = spawn('bash', ['-c', `exec -a "${title}" sleep 60`]);
    try {
      expect(measureOf(REPLAYS)).toBe('segment');
      await expect.poll(async () => measure('segment')).toMatch(/^replays [0-9A-F]{24}\n$/);
    } finally {
      server.kill();
    }
  });
});
