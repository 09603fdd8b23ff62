/**
 * The keys of a cluster whose Patroni keeps its state in Kubernetes, by that Patroni's own library, in a pod of it; and what removes them
 * and puts them back, in Endpoints, where the leader's are those of the Service too. One cluster each, in this order.
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openDcs, type PatroniDcs } from '../../src/cluster/patroni/dcs.ts';
import { archiveSoFar, badTransaction, untilFirstBackup } from '../../scripts/prove/kubernetes/operate.ts';
import { renderAccount } from '../../scripts/prove/rbac/chart-account.ts';
import type { Played } from '../../scripts/prove/rbac/played.ts';
import { cloneAndBack, resetAndBack } from '../../scripts/prove/rbac/whole-recoveries.ts';
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

  describe.runIf(keeps === 'Endpoints')('with exactly the rights of the chart’s account', () => {
    let played: Played;

    const jsonOf = async (kind: string, name: string, path: string): Promise<string> =>
      database.namespace.kubectl(['get', kind, name, '--output', `jsonpath=${path}`]);
    /** Whose cluster it is; and that the Service leads to the one who leads. */
    const led = async (): Promise<string> => {
      const pod = await database.untilLeader();
      const [address, system] = await Promise.all([
        jsonOf('pod', pod, '{.status.podIP}'),
        jsonOf('endpoints', `${database.name}-config`, '{.metadata.annotations.initialize}'),
      ]);
      await until('the Service leads to the leader', async () =>
        jsonOf('endpoints', database.name, '{.subsets[*].addresses[*].ip}').then((found) => found === address),
      );
      expect(system).toMatch(/^\d{19}$/);
      return system;
    };

    /** Patroni sets what was let go in its next round. */
    const takesWrites = async (): Promise<boolean> => {
      const client = await database.connect(await database.untilLeader());
      try {
        const { rows } = await client.query<{ setting: string }>(
          "SELECT current_setting('transaction_read_only') AS setting",
        );
        return rows[0]?.setting === 'off';
      } finally {
        await client.end();
      }
    };

    beforeAll(async () => {
      await until('writes are let go', takesWrites);
      await untilFirstBackup(database);
      const xid = await badTransaction(database);
      await archiveSoFar(database);
      const { bed: where, name, namespace } = database;
      played = { database, account: await renderAccount(where, name, namespace.name), xid, log: () => {} };
    }, 300_000);

    it('are removed for a clone, and put back by its undo', async () => {
      const before = await led();
      expect(await cloneAndBack(played)).toBeUndefined();
      expect(await led()).toBe(before);
    }, 900_000);

    it('are removed for a reset, and put back by its undo', async () => {
      const before = await led();
      expect(await resetAndBack(played)).toBeUndefined();
      expect(await led()).toBe(before);
    }, 900_000);
  });
});
