import { describe, expect, it } from 'vitest';

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { problemsOf } from './problems.ts';
import { patroniMap, seedClaim, seedCluster, seedParts, seedPod, seedStatefulSet } from './testing/made-objects.ts';

const NAME = 'cas-metabase-patroni';

type PodSpec = NonNullable<NonNullable<StatefulSet['spec']>['template']['spec']>;
type Probe = NonNullable<PodSpec['containers'][number]['startupProbe']>;

function topics(cluster: ReturnType<typeof seedCluster>): string[] {
  return problemsOf(cluster).map(({ level, topic }) => `${level} ${topic}`);
}

describe('what is wrong', () => {
  it("with the seed's chart as it is: the probe, a volume, the image", () => {
    expect(topics(seedCluster())).toEqual(['act probe', 'look volumes', 'look image']);
    const [probe, volumes] = problemsOf(seedCluster());
    expect(probe?.text).toMatch(/GET \/health :8008.*about 220 s.*without its target/);
    expect(volumes?.text).toMatch(/^pv-0 has the reclaim policy Delete/);
    expect(volumes?.remedy).toBe(`kubectl patch pv pv-0 -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`);
  });

  it('is not the probe if it asks /liveness', () => {
    const statefulSet = seedStatefulSet();
    const probe = statefulSet.spec?.template.spec?.containers[0]?.livenessProbe;
    if (probe?.httpGet === undefined) throw new TypeError('no probe');
    probe.httpGet.path = '/liveness';
    expect(topics(seedCluster({ statefulSet }))).not.toContain('act probe');
  });

  it('is a startup probe that asks PostgreSQL, alone or before a liveness probe', () => {
    const probeOf = (startup: Probe, liveness?: Probe) => {
      const statefulSet = seedStatefulSet();
      const container = statefulSet.spec?.template.spec?.containers[0];
      if (container === undefined) throw new TypeError('no container');
      container.startupProbe = startup;
      if (liveness === undefined) delete container.livenessProbe;
      else container.livenessProbe = liveness;
      return problemsOf(seedCluster({ statefulSet })).find(({ topic }) => topic === 'probe');
    };
    const health = { httpGet: { path: '/health', port: 8008 }, periodSeconds: 10, failureThreshold: 30 };
    const isReady = { exec: { command: ['pg_isready', '-U', 'postgres'] }, periodSeconds: 5, failureThreshold: 12 };
    const live = { httpGet: { path: '/liveness', port: 8008 } };
    expect(probeOf(health)).toMatchObject({
      level: 'act',
      text: expect.stringMatching(/^the startup probe \(GET \/health :8008\) asks PostgreSQL: .* about 300 s/),
      remedy: `Let spec.template.spec.containers[name=${NAME}].startupProbe ask /liveness, in the chart's values.`,
    });
    expect(probeOf(isReady, live)?.text).toMatch(/^the startup probe \(exec pg_isready .*about 60 s/);
    expect(probeOf(isReady, health)?.text).toMatch(
      /^the liveness probe \(GET .*\) and the startup probe \(exec pg_isready .*\) ask PostgreSQL: .*about 60 s/,
    );
    expect(probeOf({ httpGet: { path: '/startup', port: 8009 } }, live)).toBeUndefined();
    expect(probeOf({ httpGet: { path: '/startup', port: 8009 } }, health)?.text).toMatch(/about 300 s/);
  });

  it('are variables of a clone that was left in an initialised cluster', () => {
    const statefulSet = seedStatefulSet([
      { name: 'CLONE_METHOD', value: 'CLONE_WITH_WALE' },
      { name: 'CLONE_TARGET_TIME', value: '2022-06-05 08:00:00-07:00' },
    ]);
    const found = problemsOf(seedCluster({ statefulSet })).find(({ topic }) => topic === 'variables');
    expect(found?.level).toBe('act');
    expect(found?.text).toContain('as of 2022-06-05 08:00:00-07:00');
    expect(found?.remedy).toBe(
      `kubectl set env statefulset/${NAME} -n shop -c ${NAME} CLONE_METHOD- CLONE_TARGET_TIME-`,
    );
  });

  it('are no variables of a clone while it is what is being done', () => {
    const statefulSet = seedStatefulSet([{ name: 'CLONE_METHOD', value: 'CLONE_WITH_WALE' }]);
    const parts = seedParts({ statefulSet });
    if (parts.patroni === undefined) throw new TypeError('no Patroni');
    const patroni = { ...parts.patroni, read: { ...parts.patroni.read, config: undefined } };
    expect(topics(seedCluster({ statefulSet, patroni }))).not.toContain('act variables');
  });

  it('is that scaling down deletes the data', () => {
    const statefulSet = seedStatefulSet();
    if (statefulSet.spec !== undefined)
      statefulSet.spec.persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Retain' };
    const found = problemsOf(seedCluster({ statefulSet })).find(({ topic }) => topic === 'claims');
    expect(found?.level).toBe('act');
    expect(found?.text).toContain('whenScaled is Delete');
    expect(found?.remedy).toContain('"whenScaled":"Retain"');
  });

  it('is a claim that is being deleted, and one that has outgrown its template', () => {
    const { objects } = seedParts();
    const claims = [seedClaim(0, { isGoing: true }), seedClaim(1, { size: '4Gi' })];
    const found = problemsOf(seedCluster({ objects: { ...objects, claims } })).filter(
      ({ topic }) => topic === 'claims',
    );
    expect(found.map(({ level }) => level)).toEqual(['act', 'look']);
    expect(found[1]?.text).toMatch(/storage-volume-cas-metabase-patroni-1 is larger than the claim template/);
  });

  it('is a place of the data that nobody tells, and not yet data in danger', () => {
    const statefulSet = seedStatefulSet();
    const container = statefulSet.spec?.template.spec?.containers[0];
    if (container?.env === undefined) throw new TypeError('no environment');
    container.env = container.env.filter(({ name }) => name !== 'PGROOT');
    container.volumeMounts = [{ name: 'storage-volume', mountPath: '/srv/data' }];
    const guessed = problemsOf(seedCluster({ statefulSet })).filter(({ topic }) => topic === 'claims');
    expect(guessed.map(({ level }) => level)).toEqual(['look']);
    container.env.push({ name: 'PGDATA', value: '/elsewhere' });
    const told = problemsOf(seedCluster({ statefulSet })).filter(({ topic }) => topic === 'claims');
    expect(told.map(({ level }) => level)).toEqual(['act']);
  });

  it('is a replica on another timeline, however healthy it looks', () => {
    const { objects } = seedParts();
    const pods = [seedPod(0, 'master', { timeline: 4 }), seedPod(1, 'replica', { timeline: 3, state: 'running' })];
    const found = problemsOf(seedCluster({ objects: { ...objects, pods } }))[0];
    expect(found?.text).toMatch(/patroni-1 is on timeline 3 \(running\), the leader on 4/);
  });

  it('is a replica that does not stream, to be looked at again: it may just have started', () => {
    const { objects } = seedParts();
    const pods = [seedPod(0, 'master'), seedPod(1, 'replica', { state: 'in archive recovery' })];
    const found = problemsOf(seedCluster({ objects: { ...objects, pods } })).find(({ topic }) => topic === 'pods');
    expect(found?.level).toBe('look');
    expect(found?.remedy).toMatch(/^If it stays so: /);
  });

  it('is no leader, an object of another cluster, a bootstrap, a pause', () => {
    const parts = seedParts();
    if (parts.patroni === undefined) throw new TypeError('no Patroni');
    const read = {
      config: patroniMap(`${NAME}-config`, { initialize: '', config: '{"pause":true}' }),
      leader: patroniMap(`${NAME}-leader`, {}, { app: 'other', release: 'x' }),
      failover: undefined,
      sync: undefined,
    };
    const objects = { ...parts.objects, pods: [seedPod(0, 'replica')] };
    expect(topics(seedCluster({ objects, patroni: { ...parts.patroni, read } }))).toEqual([
      'act pods',
      'act patroni',
      'act patroni',
      'act probe',
      'look patroni',
      'look volumes',
      'look image',
    ]);
  });
});
