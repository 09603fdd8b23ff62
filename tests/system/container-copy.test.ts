import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { checkPlan } from '../../src/app/check-container.ts';
import { Failure } from '../../src/base/failure.ts';
import { planContainer } from '../../src/container/plan-container.ts';
import { writePlanFiles } from '../../src/supervise/write-plan-files.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable;
let root: string;

beforeAll(async () => {
  live = await startRecoverable({ major: 16 });
  await live.backUp();
  await live.server.sql("create role copier replication login password 'copier-word'");
  const hba = join(live.server.dataDirectory, 'pg_hba.conf');
  await writeFile(hba, `local replication copier scram-sha-256\n${await readFile(hba, 'utf8')}`);
  await live.server.sql('select pg_reload_conf()');
});
afterAll(async () => live[Symbol.asyncDispose]());

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-container-'));
  await mkdir(join(root, 'archive'));
});
afterEach(async () => rm(root, { recursive: true, force: true }));

/** What stands in the way of a container that is to begin as a copy of the server; empty if nothing does. */
async function problemOf(given: Readonly<Record<string, string>> = {}, major = 16): Promise<string> {
  const environment = {
    PATH: process.env['PATH'],
    PGROOT: join(root, 'pgroot'),
    RW_DIR: join(root, 'run'),
    PGHOME: root,
    PGPASSWORD_SUPERUSER: 'tea-and-biscuits',
    PGPASSWORD_STANDBY: 'pina-and-colada',
    ETCD3_HOSTS: 'e:2379',
    WALG_FILE_PREFIX: join(root, 'archive'),
    CLONE_METHOD: 'CLONE_WITH_BASEBACKUP',
    CLONE_SCOPE: 'old',
    CLONE_HOST: live.server.socketDirectory,
    CLONE_PORT: String(live.server.port),
    CLONE_USER: 'copier',
    CLONE_PASSWORD: 'copier-word',
    ...given,
  };
  const planned = planContainer(environment, {
    installed: [{ major, binDirectory: live.server.bin }],
    dataVersion: undefined,
    canRead: () => true,
    locales: ['C.utf8', 'en_US.utf8'],
    hostname: 'shop-0',
    hostAddress: '127.0.0.1',
    cpuCount: 2,
    memoryBytes: 1024 ** 3,
    nowMs: Date.now(),
  });
  if (planned.kind === 'refused') throw new Error(planned.refusals.map(({ message }) => message).join('\n'));
  await writePlanFiles(planned.plan);
  const options = { onWarning: () => {}, signal: new AbortController().signal };
  const failure = await checkPlan(planned.plan, { kind: 'no' }, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) return '';
  if (!(failure instanceof Failure)) throw failure;
  return [failure.message, ...failure.facts].join('\n');
}

describe('a container that is to begin as a copy of a running server', () => {
  it('is started when the server can be copied, and nothing was made by the proof', async () => {
    expect(await problemOf()).toBe('');
    expect(await readdir(join(root, 'pgroot'))).not.toContain('data');
    expect(await readdir(join(root, 'archive'))).toEqual([]);
  });

  it('is refused when the password is wrong', async () => {
    expect(await problemOf({ CLONE_PASSWORD: 'another-word' })).toMatch(
      /cannot make the clone that is asked for[\s\S]*password authentication failed/,
    );
  });

  it('is refused when the server is of another major', async () => {
    expect(await problemOf({}, 17)).toMatch(/cannot make a cluster of PostgreSQL 17: .* is PostgreSQL 16/);
  });

  it('is refused when no server is there, with what to look at', async () => {
    await mkdir(join(root, 'nobody'));
    expect(await problemOf({ CLONE_HOST: join(root, 'nobody') })).toMatch(
      /cannot ask the server[\s\S]*Look whether it runs/,
    );
  });

  it('is refused when its own archive holds WAL', async () => {
    expect(await problemOf({ WALG_FILE_PREFIX: live.archive })).toContain('holds WAL of system');
  });

  it('is not refused for the WAL that a copy has written which Patroni has lost again', async () => {
    const folder = join(root, 'pgroot/data.walkback/clone');
    await mkdir(folder, { recursive: true });
    const lines = [
      { event: 'attempt', id: 'a' },
      { event: 'done', step: 'putInPlace', facts: {} },
    ].map((entry) => `${JSON.stringify({ at: new Date().toISOString(), ...entry })}\n`);
    await writeFile(join(folder, 'journal.jsonl'), lines.join(''));
    expect(await problemOf({ WALG_FILE_PREFIX: live.archive })).toBe('');
  });
});
