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

const CLAIM: ThereObject = { kind: 'PersistentVolumeClaim', metadata: { name: 'storage-volume-shop-patroni-0' } };
/** As the earlier chart's hook makes it, beside the release. */
const HOOK_SECRET: ThereObject = { kind: 'Secret', metadata: { name: 'shop-patroni' }, isForeign: true };
const GS = set('walE.enable=true', 'walE.gcsBucket=bucket', 'walE.kubernetesSecret=key');
const OFF = set('walE.enable=false');

/** A release that archives, or does not, as the earlier chart leaves it. */
const statefulSet = (env: Readonly<Record<string, string>>): ThereObject => ({
  kind: 'StatefulSet',
  metadata: { name: 'shop-patroni' },
  spec: {
    template: {
      spec: { containers: [{ name: 'patroni', env: Object.entries(env).map(([name, value]) => ({ name, value })) }] },
    },
  },
});

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

  /** What is there once the release is, with a Secret of the chart's if it has one. */
  const installed = async (flags: readonly string[], there: readonly ThereObject[] = []): Promise<ThereObject[]> => {
    const { objects } = await render(flags, { there });
    const own = objects.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Secret');
    return [CLAIM, ...own, ...there.filter(({ isForeign }) => isForeign === true)];
  };
  const archiveOf = async (flags: readonly string[], there: readonly ThereObject[]): Promise<string | undefined> =>
    writtenTo((await render(flags, { there })).objects, 'dev');

  test.each([
    ['of the earlier chart', [], GS, { WAL_GS_BUCKET: 'bucket', WALE_GS_PREFIX: 'gs://bucket/wal' }, 'gs://bucket/wal'],
    [
      'with passwords of another Secret',
      set('credentials.existingSecret=own'),
      GS,
      { WAL_GS_BUCKET: 'bucket', WALE_GS_PREFIX: 'gs://bucket/moved' },
      'gs://bucket/moved',
    ],
    [
      'that was begun anew in S3',
      [],
      S3,
      { WAL_S3_BUCKET: 'bucket', WAL_BUCKET_SCOPE_SUFFIX: '-reset-7f3a' },
      's3://bucket/spilo/dev-shop-patroni-reset-7f3a/wal/17',
    ],
  ])('is gone on with when archiving was off for a while: of a release %s', async (...given) => {
    const [, flags, archive, env, address] = given;
    const off = await installed([...OFF, ...flags], [CLAIM, HOOK_SECRET, statefulSet(env)]);
    expect(writtenTo(off as unknown as readonly Rendered[], 'dev')).toBeUndefined();
    const stillOff = await installed([...OFF, ...flags], off);
    expect(await archiveOf([...archive, ...flags], stillOff)).toBe(address);
    const other = archive.map((one) => one.replace(/(?<=Bucket=)bucket/, 'other'));
    await expect(render([...other, ...flags], { there: stillOff })).rejects.toThrow(/other.*walE\.prefix/s);
  });

  test('is kept where a change of it starts no pod anew', async () => {
    const [before, after] = [await installed(OFF), await installed(GS)].map((there) =>
      there.find(({ kind }) => kind === 'StatefulSet'),
    );
    expect([before, after].map((one) => one?.metadata.annotations?.['walkback/archive'])).toEqual([
      '{}',
      expect.stringContaining('gs://bucket/wal/dev-shop-patroni'),
    ]);
    expect(JSON.stringify([before?.['spec'], after?.['spec']])).not.toContain('walkback/archive');
  });

  test('is begun by a release that never had one, whosever its Secret is', async () => {
    for (const flags of [[], set('credentials.existingSecret=own')])
      expect(await archiveOf([...GS, ...flags], await installed([...OFF, ...flags]))).toBe(
        'gs://bucket/wal/dev-shop-patroni',
      );
  });

  test('has to be said where there are claims and nothing says it', async () => {
    const left = [CLAIM, HOOK_SECRET];
    const silent = [...left, statefulSet({ SCOPE: 'shop-patroni' })];
    for (const there of [left, silent, await installed(OFF, silent)]) {
      await expect(render(GS, { there })).rejects.toThrow(
        /storage-volume-shop-patroni-0.*walE\.prefix.*gs:\/\/bucket\/wal\b/s,
      );
      await expect(render(S3, { there })).rejects.toThrow(
        /storage-volume-shop-patroni-0.*spilo\/dev-shop-patroni\b.*WAL_BUCKET_SCOPE_SUFFIX/s,
      );
      expect(await archiveOf([...GS, ...set('walE.prefix=gs://bucket/wal')], there)).toBe('gs://bucket/wal');
      for (const suffix of ['', '-reset-7f3a'])
        expect(await archiveOf([...S3, ...set(`env.WAL_BUCKET_SCOPE_SUFFIX=${suffix}`)], there)).toBe(
          `s3://bucket/spilo/dev-shop-patroni${suffix}/wal/17`,
        );
    }
  });
});
