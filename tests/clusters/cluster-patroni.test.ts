/**
 * The contract of clusters, kept by one that a real Patroni runs; and what only such a one has to keep.
 */

import { cp, rm } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openPatroniCluster } from '../../src/app/open-patroni.ts';
import { liveServer } from '../../src/app/open-recovery-uses.ts';
import { readPatroni } from '../../src/app/patroni-settings.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { itKeepsTheClusterContract } from '../../src/cluster/conformance.ts';
import type { PatroniControl } from '../../src/cluster/patroni-control.ts';
import { patroniProcesses } from '../../src/cluster/patroni/patroni-process.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { startPatroniCluster, type PatroniTestCluster } from '../support/patroni/patroni-cluster.ts';
import { recoverySettings } from '../support/patroni/recoverable-member.ts';

let bed: PatroniTestCluster | undefined;
let cluster: Cluster;
let patroni: PatroniControl;

beforeAll(async () => {
  bed = await startPatroniCluster({ members: 1 });
  const member = bed?.members[0];
  if (bed === undefined || member === undefined) return;
  const named = await readPatroni(await loadSettings({ environment: await recoverySettings(bed, member) }));
  if (named === undefined) throw new Error('the settings name no Patroni');
  const { server } = await liveServer(named.settings);
  cluster = await openPatroniCluster(named, server);
  if (cluster.patroni === undefined) throw new Error('Patroni runs it');
  patroni = cluster.patroni;
});
afterAll(async () => bed?.[Symbol.asyncDispose]());

itKeepsTheClusterContract('patroni', async () => {
  if (bed === undefined) return undefined;
  await patroni.pause();
  await cluster.start();
  return {
    cluster,
    makeRehearsal: (id) => cp(cluster.dataDirectory, cluster.placeOf(id, 'rehearsal'), { recursive: true }),
    [Symbol.asyncDispose]: async () => {
      await rm(cluster.recoveriesFolder, { recursive: true, force: true });
      await cluster.start();
      await patroni.resume();
    },
  };
});

describe('a server that Patroni runs', () => {
  it('is not stopped while Patroni would start it again', async ({ skip }) => {
    if (bed === undefined) return skip();
    await patroni.resume();
    await expect(cluster.stop()).rejects.toMatchObject({ kind: 'refused' });
    expect(await cluster.state()).toBe('running');
  });

  it('is not left to itself: Patroni is ended only when the server is stopped', async ({ skip }) => {
    if (bed === undefined) return skip();
    await patroni.pause();
    await expect(patroni.stopPatroni()).rejects.toMatchObject({ kind: 'refused' });
    expect(await patroniProcesses(bed.members[0]?.configFile ?? '')).not.toEqual([]);
  });

  it('is started by Patroni, which leads again on the same timeline', async ({ skip }) => {
    if (bed === undefined) return skip();
    const before = (await patroni.survey()).members[0]?.timeline;
    await patroni.pause();
    await cluster.stop();
    await patroni.stopPatroni();
    await patroni.stopPatroni();
    await patroni.clearStatus();
    await cluster.start();
    await cluster.start();
    const survey = await patroni.survey();
    expect(survey).toMatchObject({ leader: 'member1', isPaused: true });
    expect(survey.members).toMatchObject([{ role: 'leader', state: 'running', timeline: before, isReachable: true }]);
    await patroni.resume();
  });

  it('is told from a cluster whose DCS is away: nothing is stopped or started', async ({ skip }) => {
    if (bed === undefined) return skip();
    await bed.etcd.kill();
    await expect(patroni.pause()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(patroni.survey()).rejects.toMatchObject({ kind: 'unavailable' });
    await bed.etcd.start();
    await bed.untilHealthy();
    expect((await patroni.survey()).isPaused).toBe(false);
  });
});
