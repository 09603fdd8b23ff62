/**
 * The keys of a cluster whose Patroni keeps its state in Kubernetes, by that Patroni's own library, in a pod of it.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openDcs, type PatroniDcs } from '../../src/cluster/patroni/dcs.ts';
import { ROOT, until } from '../support/archived-cluster.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../support/kubernetes/patroni-database.ts';

const bed = await startBed();
const SCRIPT = join(ROOT, 'src/cluster/patroni/dcs.py');

describe.skipIf(bed === undefined).each(['ConfigMap', 'Endpoints'] as const)('the keys of a cluster in %s', (keeps) => {
  let database: PatroniDatabase;
  let dcs: PatroniDcs;
  let leader: string;
  let folder: string;

  /** As Python does of this machine, the one of the pod runs the script, which it gets first. */
  async function pythonInPod(pod: string): Promise<readonly string[]> {
    const { namespace, bed: where } = database;
    const copy = ['exec', '-i', pod, '--', 'sh', '-c', 'cat > /tmp/dcs.py'];
    await where.kubectl(['-n', namespace.name, ...copy], await readFile(SCRIPT, 'utf8'));
    const kubectl = `${join(where.programs, 'kubectl')} --kubeconfig ${where.kubeconfig} -n ${namespace.name}`;
    const wrapper = join(folder, 'python');
    await writeFile(wrapper, `shift\nexec ${kubectl} exec -i ${pod} -- /opt/patroni/bin/python /tmp/dcs.py "$@"\n`);
    return ['/bin/sh', wrapper];
  }

  beforeAll(async () => {
    if (bed === undefined) return;
    folder = await mkdtemp(join(tmpdir(), 'walkback-dcs-'));
    database = await startPatroniDatabase(bed, { replicas: 1, prefix: 'k-dcs', keeps });
    leader = await database.untilLeader();
    dcs = openDcs({ patroniConfig: '/run/postgres.yml', python: await pythonInPod(leader) });
  }, 900_000);
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }, 200_000);

  it('tell who leads, and what is configured', async () => {
    const keys = await dcs.show();
    expect(keys).toMatchObject({ leader, initialize: expect.stringMatching(/^\d{19}$/), config: { loop_wait: 4 } });
    expect(keys.members).toMatchObject([{ name: leader, state: 'running', timeline: 1, isPaused: false }]);
  });

  it('can pause Patroni, hold writes and let them go, and change nothing else of its configuration', async () => {
    const before = (await dcs.show()).config;
    expect([await dcs.pause(), await dcs.pause()]).toEqual([true, false]);
    await until('the member has seen it', async () => (await dcs.show()).members[0]?.isPaused === true);
    expect([await dcs.setReadOnlyDefault('on'), await dcs.setReadOnlyDefault('on')]).toEqual([true, false]);
    await until('sessions begin read-only', async () => {
      const client = await database.connect(leader);
      const { rows } = await client.query<{ is: string }>("SELECT current_setting('transaction_read_only') AS is");
      await client.end();
      return rows[0]?.is === 'on';
    });
    expect(await dcs.setReadOnlyDefault('unset')).toBe(true);
    expect(await dcs.resume()).toBe(true);
    expect((await dcs.show()).config).toEqual(before);
  });

  it('forget how far the leader had got, and keep the rest', async () => {
    await until('the leader has written its position', async () => (await dcs.show()).status.optimeBytes > 0n);
    const before = await dcs.show();
    expect(await dcs.clearStatus()).toBe(true);
    const after = await dcs.show();
    expect([after.initialize, after.config, after.leader]).toEqual([before.initialize, before.config, before.leader]);
  });
});
