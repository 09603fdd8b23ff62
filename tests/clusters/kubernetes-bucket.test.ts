/** The credentials of a bucket in Secrets of a real namespace, written by a user who may do no more than that. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { BucketOptions } from '../../src/app/provision-bucket.ts';
import { startAzurite } from '../support/azurite.ts';
import { startBed } from '../support/kubernetes/bed.ts';
import type { TestNamespace } from '../support/kubernetes/namespace.ts';
import { newBucketName, Provisioning } from '../support/provisioning.ts';

const bed = await startBed();
const server = bed === undefined ? undefined : await startAzurite();
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await bed?.[Symbol.asyncDispose]();
});

const ROLE = ['role', 'walkback-bucket', '--verb=get,create,update', '--resource=secrets'];

describe.skipIf(bed === undefined || server === undefined)('the Secret of a bucket, in a namespace', () => {
  let namespace: TestNamespace;
  beforeAll(async () => {
    if (bed === undefined) throw new Error('there is no bed');
    namespace = await bed.namespace('b-bucket');
    await namespace.kubectl(['create', 'serviceaccount', 'walkback-bucket']);
    await namespace.kubectl(['create', 'serviceaccount', 'nobody']);
    await namespace.kubectl(['create', ...ROLE]);
    const binding = ['rolebinding', 'walkback-bucket', '--role=walkback-bucket'];
    await namespace.kubectl(['create', ...binding, `--serviceaccount=${namespace.name}:walkback-bucket`]);
  });
  afterAll(async () => namespace[Symbol.asyncDispose]());

  /** A container of its own, provisioned as a service account of the namespace. */
  async function begin(as = 'walkback-bucket') {
    const container = newBucketName();
    const work = await Provisioning.begin({
      WALG_AZ_PREFIX: `azure://${container}/shop`,
      AZURE_STORAGE_ACCOUNT: server?.account ?? '',
      AZURE_STORAGE_ACCESS_KEY: server?.key ?? '',
      WALKBACK_AZURE_ENDPOINT: server?.endpoint ?? '',
      KUBECONFIG: bed?.kubeconfig ?? '',
      WALKBACK_NAMESPACE: namespace.name,
      WALKBACK_ACT_AS: `system:serviceaccount:${namespace.name}:${as}`,
    });
    const run = async (options: Partial<BucketOptions> = {}) => work.run({ secretFile: undefined, ...options });
    return { container, work, run, secret: `azure-${container}-sas-token` };
  }

  async function read(name: string): Promise<Record<string, unknown>> {
    const value: unknown = JSON.parse(await namespace.kubectl(['get', 'secret', name, '--output', 'json']));
    return { ...(value as Record<string, unknown>) };
  }

  it('is created with the names of a chart, and is not touched by a second run', async () => {
    const { container, work, run, secret } = await begin();
    await using _work = work;
    expect((await run()).report.proven).toEqual(['writer', 'viewer']);
    const made = await read(secret);
    expect(made).toMatchObject({
      type: 'Opaque',
      metadata: { labels: { 'app.kubernetes.io/managed-by': 'walkback' } },
      data: { bucket_name: Buffer.from(container).toString('base64') },
    });
    expect(Object.keys(made['data'] as object).toSorted()).toEqual([
      'AZURE_STORAGE_ACCOUNT',
      'AZURE_STORAGE_SAS_TOKEN',
      'bucket_name',
      'viewer_AZURE_STORAGE_ACCOUNT',
      'viewer_AZURE_STORAGE_SAS_TOKEN',
    ]);
    expect((await run()).report.done).toEqual([]);
    expect(await read(secret)).toEqual(made);
  });

  it('keeps what others have put into it', async () => {
    const { container, work, run, secret } = await begin();
    await using _work = work;
    const own = [`--from-literal=bucket_name=${container}`, '--from-literal=note=ours'];
    await namespace.kubectl(['create', 'secret', 'generic', secret, ...own]);
    await namespace.kubectl(['label', 'secret', secret, 'created-by=Terraform']);
    await run();
    expect(await read(secret)).toMatchObject({
      metadata: { labels: { 'created-by': 'Terraform', 'app.kubernetes.io/managed-by': 'walkback' } },
      data: { note: Buffer.from('ours').toString('base64'), AZURE_STORAGE_SAS_TOKEN: expect.any(String) },
    });
  });

  it('is refused if it is of another bucket, or of none', async () => {
    const { work, run } = await begin();
    await using _work = work;
    await namespace.kubectl(['create', 'secret', 'generic', 'theirs', '--from-literal=password=x']);
    await expect(run({ secret: 'theirs' })).rejects.toMatchObject({ kind: 'conflict' });
    expect(await read('theirs')).toMatchObject({ data: { password: Buffer.from('x').toString('base64') } });
  });

  it('can leave the viewer to one of its own', async () => {
    const { work, run, secret } = await begin();
    await using _work = work;
    await run({ viewerSecret: `${secret}-viewer` });
    const [writer, viewer] = [await read(secret), await read(`${secret}-viewer`)];
    expect(Object.keys(writer['data'] as object)).not.toContain('viewer_AZURE_STORAGE_SAS_TOKEN');
    expect(Object.keys(viewer['data'] as object).toSorted()).toEqual([
      'AZURE_STORAGE_ACCOUNT',
      'AZURE_STORAGE_SAS_TOKEN',
      'bucket_name',
    ]);
    expect((await run({ viewerSecret: `${secret}-viewer` })).report.done).toEqual([]);
  });

  it('is looked at before a key is made: without the right nothing is begun', async () => {
    const { work, run } = await begin('nobody');
    await using _work = work;
    await expect(run()).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('secrets'),
      remedy: expect.stringContaining(
        `create rolebinding walkback-bucket --role=walkback-bucket --serviceaccount=${namespace.name}:nobody`,
      ),
    });
    const container = await work.store({});
    await expect(container.listFolder('')).rejects.toMatchObject({ message: expect.stringContaining('no container') });
    await container.close();
  });
});
