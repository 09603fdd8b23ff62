/**
 * Where a release archives to, as the charts say it: to people, to the Job for the bucket, and to the release that goes on. Nothing is
 * installed.
 */

import { describe, expect, test } from 'vitest';

import { planOwnArchive } from '../../src/container/plan-own-archive.ts';
import { helmAlone, PATRONI, set, type Rendered } from '../support/kubernetes/render-chart.ts';
import { renderRelease, type RenderedRelease, type ThereObject } from '../support/kubernetes/render-release.ts';

const helm = helmAlone();

const S3 = set('walE.enable=true', 'walE.s3Bucket=bucket', 'walE.s3Region=r', 'walE.kubernetesSecret=key');
const AZURE = ['env.AZURE_STORAGE_ACCOUNT=shop', 'env.AZURE_STORAGE_ACCESS_KEY=a2V5'];
const BUCKET_JOB = set('bucket.provision.enabled=true', 'bucket.provision.adminSecret=root');

interface Entry {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath: string } };
}

const containerOf = (objects: readonly Rendered[], kind: string): Rendered => {
  const found = objects.find((one) => one.kind === kind) ?? expect.unreachable();
  return found['spec'].template.spec.containers[0];
};

/** The archive as the container makes it of its variables. */
function writtenTo(objects: readonly Rendered[], namespace: string): string | undefined {
  const entries: readonly Entry[] = containerOf(objects, 'StatefulSet')['env'];
  const texts = entries.flatMap(({ name, value, valueFrom }): [string, string][] => {
    if (valueFrom?.fieldRef?.fieldPath === 'metadata.namespace') return [[name, namespace]];
    return value === undefined ? [] : [[name, value]];
  });
  const environment = { ...Object.fromEntries(texts), KUBERNETES_SERVICE_HOST: '10.96.0.1' };
  return planOwnArchive(environment, {
    installed: [{ major: 17, binDirectory: '/usr/lib/postgresql/17/bin' }],
    dataVersion: '17',
    canRead: () => true,
    locales: undefined,
    hostname: 'shop-patroni-0',
    hostAddress: '10.0.0.1',
    cpuCount: 1,
    memoryBytes: 2 ** 30,
    nowMs: 0,
  })?.address;
}

describe.skipIf(helm === undefined)('the archive of a release', () => {
  const render = (
    flags: readonly string[],
    given: { readonly there?: readonly ThereObject[]; readonly namespace?: string } = {},
  ): Promise<RenderedRelease> => renderRelease(helm ?? expect.unreachable(), PATRONI, flags, given);

  test.each([
    ['dev', []],
    ['default', []],
    ['dev', ['env.SCOPE=other']],
    ['dev', ['env.NAMESPACE=default']],
    ['dev', ['env.NAMESPACE=']],
    ['dev', ['env.DCS_ENABLE_KUBERNETES_API=']],
    ['dev', ['env.wal_bucket_scope_prefix=']],
    ['dev', ['env.WAL_BUCKET_SCOPE_PREFIX=team-', 'env.WAL_BUCKET_SCOPE_SUFFIX=/uid']],
    ['dev', ['env.WAL_S3_BUCKET=other']],
  ])('is told by its bucket and its folder there, which are the container’s own: in %s with %j', async (...given) => {
    const [namespace, values] = given;
    const { objects, notes } = await render([...S3, ...BUCKET_JOB, ...set(...values)], { namespace });
    const [, bucket = '', folder = ''] =
      /^s3:\/\/([^/]+)\/(.*)\/wal\/17$/.exec(writtenTo(objects, namespace) ?? '') ?? expect.unreachable();
    expect(notes).toContain(`Backups and WAL go to the bucket ${bucket}, into ${folder}/wal/MAJOR,`);
    // The folder alone is the address of another archive, an empty one.
    expect(notes).not.toMatch(/s3:\/\//);
    expect(notes).toContain('do not set walE.prefix');
    expect(containerOf(objects, 'Job')['env']).toContainEqual({
      name: 'WALKBACK_ARCHIVE',
      value: `s3://${bucket}/${folder}`,
    });
  });

  test('is told by the address where that is given whole, by the values or by env', async () => {
    for (const [address, flags] of [
      ['gs://bucket/wal/dev-shop-patroni', set('walE.enable=true', 'walE.gcsBucket=bucket')],
      ['s3://bucket/shop', [...S3, ...set('walE.prefix=s3://bucket/shop')]],
      ['s3://bucket/own', [...S3, ...set('env.WALG_S3_PREFIX=s3://bucket/own')]],
      ['azure://c/own', set('walE.enable=true', 'env.WALG_AZ_PREFIX=azure://c/own', ...AZURE)],
    ] as const) {
      const { objects, notes } = await render(flags);
      expect(writtenTo(objects, 'dev')).toBe(address);
      expect(notes).toContain(`Backups and WAL go to ${address},`);
    }
  });

  test('is not guessed where a Secret has a part of it', async () => {
    const hidden = (name: string): string[] =>
      set(`env.${name}.valueFrom.secretKeyRef.name=s`, `env.${name}.valueFrom.secretKeyRef.key=k`);
    for (const name of ['SCOPE', 'WALG_S3_PREFIX']) {
      expect((await render([...S3, ...hidden(name)])).notes).toContain('Backups and WAL go to where env says,');
      await expect(render([...S3, ...BUCKET_JOB, ...hidden(name)])).rejects.toThrow(/walE\.prefix/);
    }
  });
});
