import { cp, mkdir, symlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

import { itKeepsTheClusterContract } from '../../src/cluster/conformance.ts';
import { localCluster } from '../../src/cluster/local/local-cluster.ts';
import { serverCommands } from '../../src/instance/server-commands.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

function clusterOf(server: TestServer, dataDirectory = server.dataDirectory) {
  const { bin, root, socketDirectory: host, port } = server;
  return localCluster({
    name: 'shop',
    server: {
      dataDirectory,
      commands: serverCommands({ kind: 'pg_ctl' }),
      values: { dataDirectory, bin, logFile: `${root}/server.log`, options: [] },
      connection: { host, port, user: 'postgres', database: 'postgres' },
      stopTimeoutMs: 30_000,
      startTimeoutMs: 30_000,
    },
  });
}

itKeepsTheClusterContract('local', async () => {
  const server = await startPostgres({ major: 17 });
  const cluster = clusterOf(server);
  return {
    cluster,
    makeRehearsal: async (id) => {
      await mkdir(cluster.recoveryFolder(id), { recursive: true });
      await cp(server.dataDirectory, cluster.placeOf(id, 'rehearsal'), { recursive: true });
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

describe('a local cluster', () => {
  it('refuses a data directory that is a symbolic link, naming where it leads', async () => {
    await using server = await startPostgres({ major: 17, start: false });
    const link = `${server.root}/link`;
    await symlink(server.dataDirectory, link);
    const [problem] = await clusterOf(server, link).placeProblems();
    expect(problem?.remedy).toContain(server.dataDirectory);
  });

  it('refuses an id that would lead out of its folder', async () => {
    await using server = await startPostgres({ major: 17, start: false });
    expect(() => clusterOf(server).recoveryFolder('../..')).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
