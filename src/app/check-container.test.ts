import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import { controlFileBytes } from '../archive/testing/control-file-bytes.ts';
import type { ContainerPlan } from '../container/container-plan.ts';
import { planContainer } from '../container/plan-container.ts';
import { checkPlan, type CheckPlanOptions, type Initialized } from './check-container.ts';

let root: string;
let archive: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-container-'));
  archive = join(root, 'archive');
  await mkdir(join(root, 'pgroot/data/global'), { recursive: true });
  await writeFile(join(root, 'pgroot/data/global/pg_control'), controlFileBytes({ systemIdentifier: 7n }));
});
afterEach(async () => rm(root, { recursive: true, force: true }));

function planned(hasData: boolean, more: Readonly<Record<string, string>> = {}): ContainerPlan {
  const environment = {
    PGROOT: join(root, 'pgroot'),
    PGPASSWORD_SUPERUSER: 'tea-and-biscuits',
    PGPASSWORD_STANDBY: 'pina-and-colada',
    ETCD3_HOSTS: 'e:2379',
    WALG_FILE_PREFIX: archive,
    ...more,
  };
  const found = planContainer(environment, {
    installed: [{ major: 17, binDirectory: '/usr/lib/postgresql/17/bin' }],
    dataVersion: hasData ? '17' : undefined,
    canRead: () => true,
    locales: ['C.utf8', 'en_US.utf8'],
    hostname: 'shop-0',
    hostAddress: '10.1.2.3',
    cpuCount: 4,
    memoryBytes: 4 * 1024 ** 3,
    nowMs: Date.UTC(2026, 5, 5),
  });
  if (found.kind === 'refused') throw new Error(found.refusals.map(({ message }) => message).join('\n'));
  return found.plan;
}

async function says(text: string): Promise<void> {
  const record = join(archive, 'walkback_001/system-identifier.json');
  await mkdir(dirname(record), { recursive: true });
  await writeFile(record, text);
}

async function warningsOf(
  plan: ContainerPlan,
  initialized: Initialized,
  more: Partial<CheckPlanOptions> = {},
): Promise<string> {
  const warnings: string[] = [];
  const onWarning = (line: string) => void warnings.push(line);
  await checkPlan(plan, initialized, { onWarning, signal: new AbortController().signal, ...more });
  return warnings.join('\n');
}

describe('a container with data', () => {
  const underWay = { kind: 'underWay' } as const;

  it('starts when its archive is away, and tells what was tried, and that pushes look first', async () => {
    const told = await warningsOf(planned(true), underWay);
    expect(told).toContain(`cannot look whether the archive ${archive} is this cluster's`);
    expect(told).toContain(`cannot use the archive ${archive}: there is no such folder`);
    expect(told).toContain('is started all the same');
    expect(told).toContain('each push and each backup looks first');
  });

  it('starts when what the archive says of itself cannot be read', async () => {
    await says('{}');
    expect(await warningsOf(planned(true), underWay)).toContain('it names no system identifier');
  });

  it('starts without a word on an archive of its own, and on an empty one', async () => {
    await mkdir(archive);
    expect(await warningsOf(planned(true), underWay)).toBe('');
    await says('{"systemIdentifier":"7"}');
    expect(await warningsOf(planned(true), underWay)).toBe('');
  });

  it('does not start on an archive that is proven to be of another system', async () => {
    await says('{"systemIdentifier":"8"}');
    await expect(warningsOf(planned(true), underWay)).rejects.toThrow(
      'it holds the system 8, and the data directory is of 7',
    );
  });
});

describe('a container without data', () => {
  it('does not start when its archive is away', async () => {
    for (const kind of ['no', 'underWay'] as const)
      await expect(warningsOf(planned(false), { kind })).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('does not begin a new cluster over an archive that holds one', async () => {
    await says('{"systemIdentifier":"8"}');
    await expect(warningsOf(planned(false), { kind: 'no' })).rejects.toMatchObject({ kind: 'conflict' });
    expect(await warningsOf(planned(false), { kind: 'yes', systemIdentifier: 8n })).toBe('');
  });

  it('does not begin a new cluster over an archive of another major, where nothing names one', async () => {
    await mkdir(archive);
    const other = { ...planned(false), archive: planned(false, { WALG_FILE_PREFIX: join(root, 'of 14') }).archive };
    await mkdir(join(root, 'of 14/walkback_001'), { recursive: true });
    await writeFile(join(root, 'of 14/walkback_001/system-identifier.json'), '{"systemIdentifier":"8"}');
    const choice = { majors: [14, 17], planFor: (major: number) => (major === 14 ? other : planned(false)) };
    await expect(warningsOf(planned(false), { kind: 'no' }, { choice })).rejects.toThrow(
      'it holds the system 8, and a new, empty cluster would be made',
    );
    expect(await warningsOf(planned(false, { PGVERSION: '17' }), { kind: 'no' }, { choice })).toBe('');
  });

  it('makes no clone of a major that nobody has named, and joins a cluster that was made', async () => {
    await mkdir(archive);
    const plan = planned(false, { CLONE_METHOD: 'CLONE_WITH_WALE', CLONE_WALG_FILE_PREFIX: join(root, 'source') });
    const unsettledMajor = new Failure('unavailable', { message: 'cannot list it', remedy: 'Look.' });
    await expect(warningsOf(plan, { kind: 'no' }, { unsettledMajor })).rejects.toThrow(
      'cannot tell which major the clone is to have: PGVERSION is not set, and cannot list it',
    );
    const joined = await warningsOf(plan, { kind: 'yes', systemIdentifier: 8n }, { unsettledMajor });
    expect(joined).toBe('PGVERSION is not set, so PostgreSQL 17 is taken: cannot list it');
  });
});
