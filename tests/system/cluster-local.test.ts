import { chmod, cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { itKeepsTheClusterContract } from '../../src/cluster/conformance.ts';
import { localCluster } from '../../src/cluster/local/local-cluster.ts';
import { serverCommands } from '../../src/instance/server-commands.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

function clusterOf(
  server: TestServer,
  dataDirectory = server.dataDirectory,
  commands = serverCommands({ kind: 'pg_ctl' }),
) {
  const { bin, root, socketDirectory: host, port } = server;
  return localCluster({
    name: 'shop',
    server: {
      dataDirectory,
      commands,
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

  it('refuses a tablespace inside the data directory, and lets one beside it be', async () => {
    await using server = await startPostgres({ major: 17 });
    const [inside, beside] = [join(server.dataDirectory, 'fast'), `${server.dataDirectory}-fast`];
    await Promise.all([mkdir(inside), mkdir(beside)]);
    await server.sql(`create tablespace beside location '${beside}'`);
    expect(await clusterOf(server).placeProblems()).toEqual([]);
    await server.sql(`create tablespace fast location '${inside}'`);
    const [problem] = await clusterOf(server).placeProblems();
    expect(problem?.message).toContain(inside);
  });

  it('does not take another server that answers in its place for the one that it has started', async () => {
    await using server = await startPostgres({ major: 17 });
    const copy = `${server.root}/copy`;
    await cp(server.dataDirectory, copy, { recursive: true });
    await rm(join(copy, 'postmaster.pid'));
    const says = { start: ['true'], stop: ['true'] };
    const refused = { kind: 'refused', message: expect.stringContaining(`not the one on ${copy}`) };
    await expect(clusterOf(server, copy, says).start()).rejects.toMatchObject(refused);
  });

  it('refuses a folder in which nothing can be renamed', async () => {
    await using server = await startPostgres({ major: 17, start: false });
    await chmod(server.root, 0o500);
    const [problem] = await clusterOf(server).placeProblems();
    await chmod(server.root, 0o700);
    expect(problem?.message).toContain(server.root);
  });

  it('is the same under a name with a slash at its end', async () => {
    await using server = await startPostgres({ major: 17, start: false });
    const cluster = clusterOf(server, `${server.dataDirectory}/`);
    expect(cluster.recoveryFolder('c0de')).toBe(`${server.dataDirectory}.walkback/c0de`);
    expect(cluster.placeOf('c0de', 'live')).toBe(server.dataDirectory);
  });

  it('refuses an id that would lead out of its folder', async () => {
    await using server = await startPostgres({ major: 17, start: false });
    expect(() => clusterOf(server).recoveryFolder('../..')).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});
