import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { localCluster } from '../cluster/local/local-cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { newRecoveryId, readPlan, writePlan } from './plan-file.ts';
import type { Plan } from './plan-value.ts';

let folder = '';
let cluster: Cluster;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-plan-'));
  const dataDirectory = join(folder, 'data');
  cluster = localCluster({
    name: 'shop',
    server: {
      dataDirectory,
      commands: { start: ['true'], stop: ['true'] },
      values: { dataDirectory, bin: '/bin', logFile: '/dev/null', options: [] },
      connection: { host: '/nowhere', port: 5432, user: 'postgres', database: 'postgres' },
      stopTimeoutMs: 1000,
      startTimeoutMs: 1000,
    },
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function plan(id: string): Plan {
  const target = { asked: 'x', timeline: 1, lsn: '0/3000148', inclusive: false, lastKept: null, firstLost: null };
  return {
    version: 1,
    id,
    createdAt: '2026-06-05T15:02:11.620000Z',
    cluster: { name: 'shop', kind: 'local', dataDirectory: cluster.dataDirectory },
    majorVersion: 17,
    target,
    laterCommits: 0,
    backup: { name: 'b', timeline: 1, finishedAt: '', compressedBytes: '1', uncompressedBytes: '1', tablespaces: [] },
    replay: { fromLsn: '0/2000028', segments: 1, bytes: '1', firstSegment: '', lastSegment: '', line: [] },
    required: {
      maxConnections: 1,
      maxWorkerProcesses: 1,
      maxWalSenders: 1,
      maxPreparedTransactions: 1,
      maxLocksPerTransaction: 1,
    },
    walLevel: 'replica',
    estimate: { restoreSeconds: 1, replaySeconds: 1, downSeconds: 1 },
    space: { neededBytes: '1', freeBytes: '2', folder },
    commands: { stop: 'true', start: 'true' },
    configurationFiles: [],
    warnings: [],
    proven: [],
    preconditions: {
      systemIdentifier: '7362115390412345678',
      liveTimeline: 1,
      liveState: 'running',
      archiveAddress: '/a',
      archivedTimelines: [],
      backupName: 'b',
    },
  };
}

describe('a plan on disk', () => {
  it('is read as it was written', async () => {
    const id = await newRecoveryId(cluster);
    await writePlan(cluster, plan(id));
    expect(await readPlan(cluster, id)).toEqual(plan(id));
  });

  it('is refused when a single character of it has changed', async () => {
    await writePlan(cluster, plan('7f3a'));
    const path = join(cluster.recoveryFolder('7f3a'), 'plan.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('0/3000148', '0/3000149'));
    await expect(readPlan(cluster, '7f3a')).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('is refused under the id of another', async () => {
    await writePlan(cluster, plan('7f3a'));
    const text = await readFile(join(cluster.recoveryFolder('7f3a'), 'plan.json'));
    await writePlan(cluster, plan('beef'));
    await writeFile(join(cluster.recoveryFolder('beef'), 'plan.json'), text);
    await expect(readPlan(cluster, 'beef')).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('that is not there is asked for by another name', async () => {
    await expect(readPlan(cluster, 'abcd')).rejects.toMatchObject({ kind: 'usage' });
  });
});
