import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ContainerFacts } from '../container/container-facts.ts';
import type { ContainerPlan } from '../container/container-plan.ts';
import { planContainer } from '../container/plan-container.ts';
import { settleMajor, type SettledPlan } from './settle-major.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/walg');
const OF_15 = join(FIXTURES, 'pg15-zstd-v309/archive');

function factsOf(installed: readonly number[], dataVersion?: string): ContainerFacts {
  return {
    installed: installed.map((major) => ({ major, binDirectory: `/usr/lib/postgresql/${major}/bin` })),
    dataVersion,
    canRead: () => true,
    locales: undefined,
    hostname: 'shop-0',
    hostAddress: '10.1.2.3',
    cpuCount: 4,
    memoryBytes: 4 * 1024 ** 3,
    nowMs: Date.now(),
  };
}

async function settled(
  given: Readonly<Record<string, string>>,
  facts = factsOf([14, 15, 17]),
): Promise<SettledPlan & { readonly before: ContainerPlan; readonly notes: readonly string[] }> {
  const environment = {
    PGPASSWORD_SUPERUSER: 'tea-and-biscuits',
    PGPASSWORD_STANDBY: 'pina-and-colada',
    ETCD3_HOSTS: 'e:2379',
    CLONE_METHOD: 'CLONE_WITH_WALE',
    CLONE_WALG_FILE_PREFIX: OF_15,
    ...given,
  };
  const planned = planContainer(environment, facts);
  if (planned.kind === 'refused') throw new Error(planned.refusals.map(({ message }) => message).join('\n'));
  const notes: string[] = [];
  const note = (line: string) => void notes.push(line);
  const options = { note, signal: new AbortController().signal };
  return { ...(await settleMajor(planned.plan, { environment, facts }, options)), before: planned.plan, notes };
}

describe('a clone without PGVERSION', () => {
  it('has the major of the backup that is cloned, everywhere in the plan', async () => {
    const { plan, before, notes, unsettled } = await settled({ WAL_S3_BUCKET: 'new-eu-west-1-b', SCOPE: 'new' });
    expect(before.major).toBe(17);
    expect(before.warnings.join()).toContain('PGVERSION is not set');
    expect(unsettled).toBeUndefined();
    expect(plan.major).toBe(15);
    expect(plan.archive?.address).toMatch(/\/wal\/15$/);
    const text = JSON.stringify(plan.patroni.configuration);
    expect(text).toContain('/usr/lib/postgresql/15/bin');
    expect(text).toContain('--major 15');
    expect(plan.warnings.join()).not.toContain('PGVERSION');
    expect(notes).toEqual(['PGVERSION is not set: PostgreSQL 15, as the backup that is cloned']);
  });

  it('keeps the newest major where the image lacks that of the backup, which the clone refuses', async () => {
    const { plan } = await settled({}, factsOf([16, 17]));
    expect(plan.major).toBe(17);
  });

  it('is not made when its archive cannot be looked at', async () => {
    const { plan, unsettled } = await settled({ CLONE_WALG_FILE_PREFIX: join(FIXTURES, 'not there') });
    expect(plan.major).toBe(17);
    expect(unsettled).toMatchObject({ kind: 'unavailable' });
  });

  it('keeps what is named, and what data there are', async () => {
    expect((await settled({ PGVERSION: '17' })).plan.major).toBe(17);
    expect((await settled({}, factsOf([14, 15, 17], '14'))).plan.major).toBe(14);
  });
});
