import { describe, expect, it } from 'vitest';

import type { Environment } from '../config/environment.ts';
import type { ContainerFacts } from './container-facts.ts';
import { planContainer } from './plan-container.ts';
import { Secret } from './secret.ts';
import { CONTAINER_VARIABLES } from './variables.ts';

const facts: ContainerFacts = {
  installed: [{ major: 17, binDirectory: '/usr/lib/postgresql/17/bin' }],
  dataVersion: undefined,
  canRead: (path) => !path.includes('missing'),
  locales: ['C.utf8', 'en_US.utf8'],
  hostname: 'shop-0',
  hostAddress: '10.1.2.3',
  cpuCount: 4,
  memoryBytes: 4 * 1024 ** 3,
  nowMs: Date.UTC(2026, 5, 5),
};

const host: Environment = { PGPASSWORD_SUPERUSER: 'tea-and-biscuits', PGPASSWORD_STANDBY: 'pina-and-colada' };
const etcd: Environment = { ...host, ETCD3_HOSTS: 'e:2379' };
const pod: Environment = {
  ...host,
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  DCS_ENABLE_KUBERNETES_API: 'true',
  POD_NAMESPACE: 'prod',
};
const s3 = { WALE_S3_PREFIX: 's3://shop-eu-central-1-b/wal' };
const azure = { WALG_AZ_PREFIX: 'azure://c/wal', AZURE_STORAGE_ACCOUNT: 'account' };
const withPrefix = (prefix: string, variables: Readonly<Record<string, string>>): Environment =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [prefix + name, value]));

/** Environments in which a variable may mean something: each kind of keys, each store, a clone, a standby. */
const BASES: readonly Environment[] = [
  etcd,
  pod,
  { ...etcd, PGPASSWORD_ADMIN: 'cola-and-lemon' },
  { ...host, ETCD_HOST: 'e:2379' },
  { ...host, CONSUL_HOST: 'c:8500' },
  { ...host, ZOOKEEPER_HOSTS: 'z:2181' },
  ...['', 'CLONE_', 'STANDBY_'].flatMap((prefix) => {
    const base = prefix === 'CLONE_' ? { ...etcd, CLONE_METHOD: 'CLONE_WITH_WALE' } : etcd;
    const stores = [
      s3,
      { WALG_AZ_PREFIX: 'azure://c/wal' },
      azure,
      { WALG_SSH_PREFIX: 'ssh://h/srv' },
      { WALE_GS_PREFIX: 'gs://b/wal' },
      { WAL_GS_BUCKET: 'b', SCOPE: 'old' },
      { ...s3, AWS_ACCESS_KEY_ID: 'id' },
      { ...azure, AZURE_CLIENT_ID: 'id', AZURE_CLIENT_SECRET: 'secret' },
      { ...azure, AZURE_CLIENT_ID: 'id', AZURE_TENANT_ID: 'tenant' },
      { ...azure, AZURE_CLIENT_SECRET: 'secret', AZURE_TENANT_ID: 'tenant' },
    ];
    return stores.map((store) => ({ ...base, ...withPrefix(prefix, store) }));
  }),
  {
    ...etcd,
    CLONE_METHOD: 'CLONE_WITH_BASEBACKUP',
    CLONE_HOST: 'h',
    CLONE_USER: 'u',
    CLONE_PASSWORD: 'p',
    CLONE_SCOPE: 's',
  },
  { ...etcd, STANDBY_HOST: 'h' },
];

const SAMPLES = ['some-text', '7', 'true', 'false', '/x/y', 'openstack', '17', 'ssh://h/own'];

/** Everything, passwords included: what nobody is shown may be all that changes. */
function text(value: unknown): string {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(text).join();
  if (typeof value === 'object' && value !== null) return text(Object.entries(value));
  return String(value);
}

function outcome(environment: Environment): string {
  const planned = planContainer(environment, facts);
  if (planned.kind === 'plan') return text(planned.plan);
  return text([planned.refusals.map(({ message }) => message), planned.warnings]);
}

const prefixOf = (name: string) => /^(CLONE|STANDBY)_/.exec(name)?.[0] ?? '';

/** Those in which a variable of this name may mean something, with what becomes of them without it. */
function basesOf(name: string): readonly (readonly [Environment, string])[] {
  const prefix = prefixOf(name);
  return OUTCOMES.filter(([base]) => {
    const prefixes = new Set(Object.keys(base).map(prefixOf));
    return prefix === '' ? !prefixes.has('CLONE_') && !prefixes.has('STANDBY_') : prefixes.has(prefix);
  });
}

const OUTCOMES = BASES.map((base) => [base, outcome(base)] as const);

/** What the reference page says to have no effect. */
const WITHOUT_EFFECT = [
  'DEBUG',
  'DEVELOP',
  'AWS_INSTANCE_PROFILE',
  'CLONE_AWS_INSTANCE_PROFILE',
  'STANDBY_AWS_INSTANCE_PROFILE',
  // Whether the store is asked to encrypt matters to who writes.
  'CLONE_WALG_DISABLE_S3_SSE',
  'CLONE_WALE_DISABLE_S3_SSE',
  'STANDBY_WALG_DISABLE_S3_SSE',
  'STANDBY_WALE_DISABLE_S3_SSE',
];

describe('a variable of the table', () => {
  it.each([...CONTAINER_VARIABLES.values()].filter(({ refused }) => refused !== undefined))(
    'is refused with the reason: $name',
    ({ name, refused }) => {
      const planned = planContainer({ ...etcd, [name]: 'some-text' }, facts);
      const messages = planned.kind === 'refused' ? planned.refusals.map(({ message }) => message) : [];
      expect(messages).toContain(`cannot use ${name}: ${refused?.why ?? ''}`);
      for (const harmless of ['', ...(refused?.unless ?? [])]) {
        const taken = planContainer({ ...etcd, [name]: harmless }, facts);
        expect(
          taken.kind === 'plan' || !taken.refusals.some(({ message }) => message.includes(refused?.why ?? '')),
          harmless,
        ).toBe(true);
      }
    },
  );

  it.each([...CONTAINER_VARIABLES.values()].filter(({ refused }) => refused === undefined))(
    'changes something where it is supported: $name',
    ({ name }) => {
      const bases = basesOf(name);
      const isSeen = SAMPLES.some((sample) =>
        bases.some(([base, before]) => outcome({ ...base, [name]: sample }) !== before),
      );
      expect(isSeen).toBe(!WITHOUT_EFFECT.includes(name));
    },
  );
});
