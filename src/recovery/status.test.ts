import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Cluster } from '../cluster/cluster.ts';
import { localCluster } from '../cluster/local/local-cluster.ts';
import { listRecoveries } from './status.ts';

let folder = '';
let cluster: Cluster;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-status-'));
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

describe('the list of recoveries', () => {
  it('is empty where there was none, and passes over a folder whose plan was never written', async () => {
    expect(await listRecoveries(cluster)).toEqual([]);
    await mkdir(cluster.recoveryFolder('0aaa'), { recursive: true });
    expect(await listRecoveries(cluster)).toEqual([]);
  });

  it('does not pass over a plan that is half written', async () => {
    await mkdir(cluster.recoveryFolder('0aaa'), { recursive: true });
    await writeFile(join(cluster.recoveryFolder('0aaa'), 'plan.json'), '0123\n{"version":1,"id":"0aaa"');
    await expect(listRecoveries(cluster)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});
