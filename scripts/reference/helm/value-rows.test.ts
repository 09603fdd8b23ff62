import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { leavesOf } from './helm-page.ts';
import { VALUE_ROWS } from './value-rows.ts';
import { casPostgresSchema, patroniSchema } from './values-schema.ts';

const CHARTS = join(import.meta.dirname, '../../../deploy/helm');
const valuesOf = (chart: string): unknown => parse(readFileSync(join(CHARTS, chart, 'values.yaml'), 'utf8'));
const paths = VALUE_ROWS.map(({ path }) => path);

/** The row that a value belongs to: its own, or that of the free object it is in. */
function hasRow(path: string): boolean {
  return paths.some((row) => path === row || path.startsWith(`${row}.`));
}

describe('the table of values', () => {
  test('has every value of the chart, and no other', () => {
    const leaves = leavesOf(valuesOf('patroni')).map(([path]) => path);
    expect(leaves.filter((path) => !hasRow(path))).toEqual([]);
    const isThere = (row: string): boolean => leaves.some((path) => path === row || path.startsWith(`${row}.`));
    expect(paths.filter((row) => !isThere(row))).toEqual([]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test('has every value that cas-postgres sets', () => {
    const { patroni } = Object(valuesOf('cas-postgres'));
    expect(
      leavesOf(patroni)
        .map(([path]) => path)
        .filter((path) => !hasRow(path)),
    ).toEqual([]);
  });
});

/** Every value of the chart patroni 0.21.4 (bcgov/cas-postgres), and those that its templates and its table have besides, as they are by default. */
const EARLIER_PATRONI: readonly (readonly [string, unknown])[] = [
  ['nameOverride', null],
  ['fullnameOverride', null],
  ['replicaCount', 5],
  ['image.repository', 'registry.opensource.zalan.do/acid/spilo-10'],
  ['image.tag', '1.5-p5'],
  ['image.pullPolicy', 'IfNotPresent'],
  ['credentials.random', false],
  ['credentials.superuser', 'tea'],
  ['credentials.admin', 'cola'],
  ['credentials.standby', 'pinacolada'],
  ['kubernetes.dcs.enable', true],
  ['kubernetes.configmaps.enable', false],
  ['etcd.enable', false],
  ['etcd.deployChart', false],
  ['etcd.host', null],
  ['etcd.discovery', null],
  ['zookeeper.enable', false],
  ['zookeeper.deployChart', false],
  ['zookeeper.hosts', null],
  ['consul.enable', false],
  ['consul.deployChart', false],
  ['consul.host', null],
  ['consul.hosts', null],
  ['env', {}],
  ['walE.enable', false],
  ['walE.scheduleCronJob', '00 01 * * *'],
  ['walE.retainBackups', 2],
  ['walE.s3Bucket', null],
  ['walE.gcsBucket', null],
  ['walE.gcsBucketBackupLocation', 'wal'],
  ['walE.kubernetesSecret', null],
  ['walE.backupThresholdMegabytes', 1024],
  ['walE.backupThresholdPercentage', 30],
  ['persistentVolume.enabled', true],
  ['persistentVolume.size', '1G'],
  ['persistentVolume.storageClass', null],
  ['persistentVolume.subPath', ''],
  ['persistentVolume.mountPath', '/home/postgres/pgdata'],
  ['persistentVolume.annotations', {}],
  ['persistentVolume.accessModes', ['ReadWriteOnce']],
  ['resources', {}],
  ['nodeSelector', {}],
  ['tolerations', []],
  ['affinityTemplate', 'podAntiAffinity: {}'],
  ['affinity', {}],
  ['schedulerName', null],
  ['rbac.create', true],
  ['serviceAccount.create', true],
  ['serviceAccount.name', null],
];

/** The same of cas-postgres 0.10.2, below `patroni`. */
const EARLIER_CAS_POSTGRES: readonly (readonly [string, unknown])[] = [
  ['image.repository', 'ghcr.io/bcgov/cas-postgres'],
  ['image.pullPolicy', 'Always'],
  ['image.tag', 'latest'],
  ['replicaCount', 2],
  ['resources', {}],
  ['credentials.random', true],
  ['persistentVolume.storageClass', 'netapp-block-standard'],
  ['persistentVolume.size', '1Gi'],
  ['kubernetes.dcs.enable', true],
  ['kubernetes.configmaps.enable', true],
  ['walE.enable', false],
  ['walE.retainBackups', 90],
  ['walE.gcsBucket', null],
  ['walE.kubernetesSecret', null],
];

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** As far as the table's schemas go. */
function isAccepted(path: string, value: unknown): boolean {
  const { type, enum: values, pattern } = VALUE_ROWS.find((row) => row.path === path)?.schema ?? { type: [] };
  if (Array.isArray(values)) return values.includes(value);
  const isKind = [type].flat().includes(kindOf(value));
  return isKind && (typeof pattern !== 'string' || typeof value !== 'string' || new RegExp(pattern).test(value));
}

describe('the values of the earlier charts', () => {
  test.each([
    ['patroni 0.21.4', EARLIER_PATRONI],
    ['cas-postgres 0.10.2', EARLIER_CAS_POSTGRES],
  ])('%s are all taken as they are', (_chart, earlier) => {
    expect(earlier.filter(([path, value]) => !isAccepted(path, value))).toEqual([]);
  });
});

describe('the schemas', () => {
  test('refuse values that nobody knows, and variables that the container refuses', () => {
    const schema: unknown = JSON.parse(patroniSchema());
    expect(schema).toMatchObject({
      additionalProperties: false,
      properties: {
        walE: { additionalProperties: false, properties: { gcsBucket: { type: ['string', 'null'] } } },
        env: { properties: { CRONTAB: { enum: ['', null, '[]'] }, crontab: { enum: ['', null, '[]'] } } },
      },
    });
  });

  test('let through what cas-postgres had of its own', () => {
    expect(JSON.parse(casPostgresSchema())).toMatchObject({ properties: { casShelf: {}, namespace: {}, gcs: {} } });
  });
});
