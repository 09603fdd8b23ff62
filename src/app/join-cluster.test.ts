import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { readSystemIdentifier } from '../archive/archive-identity.ts';
import type { DcsKeys } from '../cluster/patroni/dcs-keys.ts';
import type { Environment } from '../config/environment.ts';
import type { ContainerFacts } from '../container/container-facts.ts';
import { planContainer } from '../container/plan-container.ts';
import { openStore } from '../storage/open.ts';
import { planToJoin } from './join-cluster.ts';
import { majorChoice } from './settle-major.ts';

const OF_15 = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const ACCESS = {
  auth: 'patroni:hunter2',
  isInsecure: false,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  keyPassword: undefined,
};

function factsOf(installed: readonly number[]): ContainerFacts {
  return {
    installed: installed.map((major) => ({ major, binDirectory: `/usr/lib/postgresql/${major}/bin` })),
    dataVersion: undefined,
    canRead: () => true,
    locales: undefined,
    hostname: 'shop-1',
    hostAddress: '10.1.2.3',
    cpuCount: 4,
    memoryBytes: 4 * 1024 ** 3,
    nowMs: Date.now(),
  };
}

function keysOf(members: Readonly<Record<string, string>>, leader: string | undefined): DcsKeys {
  return {
    initialize: '7',
    config: {},
    leader,
    status: { optimeBytes: 0n, slots: [], retainedSlots: [] },
    members: Object.entries(members).map(([name, apiUrl]) => ({
      name,
      apiUrl,
      connUrl: undefined,
      role: 'replica',
      state: 'running',
      timeline: 1,
      lsnBytes: undefined,
      isPaused: false,
      tags: {},
      version: undefined,
    })),
    failover: undefined,
    sync: undefined,
    history: [],
  };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A member's Patroni. Answers with its address. */
async function member(
  version: number | undefined,
  asked: (authorization: string | undefined) => void = () => {},
): Promise<string> {
  const server = createServer((request, answer) => {
    asked(request.headers.authorization);
    const running = version === undefined ? { state: 'starting' } : { state: 'running', server_version: version };
    answer.end(JSON.stringify({ ...running, role: 'primary', patroni: { version: '4.1.0', scope: 'shop' } }));
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/patroni`;
}

interface Given {
  readonly installed?: readonly number[];
  readonly environment?: Environment;
  readonly keys: DcsKeys;
  readonly later?: DcsKeys;
  readonly system?: bigint;
}

async function joined({ installed = [14, 15, 17], environment, keys, later = keys, system = 7n }: Given) {
  const given = {
    PGPASSWORD_SUPERUSER: 'tea-and-biscuits',
    PGPASSWORD_STANDBY: 'pina-and-colada',
    ETCD3_HOSTS: 'e:2379',
    SCOPE: 'shop',
    ...environment,
  };
  const facts = factsOf(installed);
  const planned = planContainer(given, facts);
  if (planned.kind === 'refused') throw new Error(planned.refusals.map(({ message }) => message).join('\n'));
  const told: string[] = [];
  let pauses = 0;
  const plan = await planToJoin(
    planned.plan,
    { systemIdentifier: system, keys, readKeys: async () => later },
    {
      choice: majorChoice({ environment: given, facts }),
      access: ACCESS,
      tell: (line) => void told.push(line),
      note: (line) => void told.push(line),
      pause: async () => {
        pauses += 1;
        if (pauses > 3) throw new Error('it waits without an end');
      },
      signal: new AbortController().signal,
    },
  );
  return { plan, told, pauses };
}

describe('a member without data that joins a cluster', () => {
  it('is of the major that the leader is of, everywhere in its plan', async () => {
    const keys = keysOf({ 'shop-2': await member(170_002), 'shop-0': await member(140_018) }, 'shop-0');
    const { plan, told } = await joined({ keys, environment: { WAL_S3_BUCKET: 'b', AWS_REGION: 'eu-west-1' } });
    expect(plan.major).toBe(14);
    expect(plan.archive?.address).toMatch(/\/wal\/14$/);
    expect(JSON.stringify(plan.patroni.configuration)).toContain('/usr/lib/postgresql/14/bin');
    expect(told).toEqual(['PostgreSQL 14 is started, not 17: the cluster that is joined is of it']);
  });

  it('asks the others where the leader does not answer, and gives nobody a password', async () => {
    const passwords: (string | undefined)[] = [];
    const running = await member(150_004, (authorization) => passwords.push(authorization));
    const keys = keysOf({ 'shop-0': 'http://127.0.0.1:1/patroni', 'shop-2': running }, 'shop-0');
    expect((await joined({ keys })).plan.major).toBe(15);
    expect(passwords).toEqual([undefined]);
  });

  it('is so whatever PGVERSION says', async () => {
    const keys = keysOf({ 'shop-0': await member(140_018) }, 'shop-0');
    expect((await joined({ keys, environment: { PGVERSION: '17' } })).plan.major).toBe(14);
  });

  it('is not made where the image has not got that major, or bin_dir names another', async () => {
    const keys = keysOf({ 'shop-0': await member(140_018) }, 'shop-0');
    await expect(joined({ keys, installed: [16, 17] })).rejects.toThrow(
      'cannot join the cluster shop: it is of PostgreSQL 14, and this image has 16, 17',
    );
    const environment = { SPILO_CONFIGURATION: '{"postgresql":{"bin_dir":"/usr/lib/postgresql/17/bin"}}' };
    await expect(joined({ keys, environment })).rejects.toMatchObject({ kind: 'refused' });
  });

  it('waits while no member tells and nothing names the major', async () => {
    const keys = keysOf({ 'shop-0': await member(undefined) }, undefined);
    const later = keysOf({ 'shop-0': await member(150_004) }, 'shop-0');
    const { plan, told, pauses } = await joined({ keys, later });
    expect([plan.major, pauses]).toEqual([15, 1]);
    expect(told[0]).toBe('waiting for a member of the cluster that tells which PostgreSQL it is; PGVERSION would');
  });

  it('does not wait where there is one major only, or PGVERSION names it', async () => {
    const keys = keysOf({}, undefined);
    expect(await joined({ keys, installed: [17] })).toMatchObject({ plan: { major: 17 }, pauses: 0 });
    expect(await joined({ keys, environment: { PGVERSION: '14' } })).toMatchObject({ plan: { major: 14 }, pauses: 0 });
  });

  it('has it of the newest backup where no member is up, if that archive is of this system', async () => {
    const store = await openStore({ kind: 'file', path: OF_15 });
    const system = await readSystemIdentifier(store);
    const environment = { WALG_FILE_PREFIX: OF_15 };
    const keys = keysOf({}, undefined);
    expect((await joined({ keys, environment, system: system ?? 0n })).plan.major).toBe(15);
    await expect(joined({ keys, environment, system: 7n })).rejects.toThrow('it waits without an end');
  });
});
