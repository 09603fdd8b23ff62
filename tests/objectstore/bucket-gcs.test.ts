/**
 * A bucket is provided on fake-gcs-server, with what that lacks (accounts, keys, policies) in front of it, after Google's
 * documentation.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startGcsServer } from '../support/gcs-server.ts';
import { GoogleCloud } from '../support/google-cloud.ts';
import { dueIn, newBucketName, onlySecret, Provisioning } from '../support/provisioning.ts';

const server = await startGcsServer();
afterAll(async () => server?.[Symbol.asyncDispose]());

describe.skipIf(server === undefined)('a bucket of Google Cloud Storage', () => {
  let cloud: GoogleCloud;
  beforeAll(async () => {
    cloud = await GoogleCloud.start(server?.endpoint ?? '');
  });
  afterAll(async () => cloud[Symbol.asyncDispose]());

  /** A bucket of its own, and the administrator's key in a file. */
  async function begin(bucket = newBucketName()) {
    const work = await Provisioning.begin({
      WALG_GS_PREFIX: `gs://${bucket}/shop`,
      WALKBACK_GCS_ENDPOINT: cloud.endpoint,
      GOOGLE_APPLICATION_CREDENTIALS: '/dev/null',
      WALKBACK_STORE_CALL_TIMEOUT: '15s',
    });
    const keyFile = join(work.secretFile, '..', 'admin.json');
    await writeFile(keyFile, cloud.adminKey(), { mode: 0o600 });
    Object.assign(work.environment, { GOOGLE_APPLICATION_CREDENTIALS: keyFile });
    const options = { iamEndpoint: cloud.endpoint, place: 'northamerica-northeast1' };
    const storeAs = async (text: string | undefined, name: string) => {
      const file = join(work.secretFile, '..', name);
      await writeFile(file, text ?? '', { mode: 0o600 });
      return work.store({ GOOGLE_APPLICATION_CREDENTIALS: file });
    };
    return { bucket, work, options, storeAs };
  }

  it('is created once, with a service account that writes and one that reads', async () => {
    const { bucket, work, options, storeAs } = await begin();
    await using _work = work;
    const first = await work.run(options);
    expect(first.report.proven).toEqual(['writer', 'viewer']);
    expect([...first.secrets.keys()]).toEqual([`gcp-${bucket}-service-account-key`]);
    const secret = onlySecret(first);
    expect(Object.keys(secret).toSorted()).toEqual(['bucket_name', 'credentials.json', 'viewer_credentials.json']);
    expect(secret['bucket_name']).toBe(bucket);
    expect(JSON.stringify(first.plan)).not.toContain('PRIVATE KEY');
    expect(cloud.settings.get(bucket)).toMatchObject({
      location: 'northamerica-northeast1',
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
      lifecycle: {
        rule: [
          { action: { type: 'Delete' }, condition: { isLive: false, daysSinceNoncurrentTime: 30 } },
          { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } },
        ],
      },
    });

    const writer = await storeAs(secret['credentials.json'], 'writer.json');
    const viewer = await storeAs(secret['viewer_credentials.json'], 'viewer.json');
    expect(await writer.afterDeletion?.()).toBe('versions');
    await writer.put('a', Buffer.from('one'));
    expect((await viewer.get('a'))?.toString()).toBe('one');
    await expect(viewer.put('b', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
    await expect(viewer.delete(['a'])).rejects.toMatchObject({ kind: 'denied' });

    cloud.changes.length = 0;
    const second = await work.run(options);
    expect(second.report.done).toEqual([]);
    expect(onlySecret(second)).toEqual(secret);
    expect(cloud.changes).toEqual([]);
    await Promise.all([writer.close(), viewer.close()]);
  });

  it('gives keys that open no other bucket', async () => {
    const [one, other] = [await begin(), await begin()];
    await using _one = one.work;
    await using _other = other.work;
    const secret = onlySecret(await one.work.run(one.options));
    await other.work.run(other.options);
    const stranger = await other.storeAs(secret['credentials.json'], 'stranger.json');
    await expect(stranger.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
    await stranger.close();
  });

  it('is adopted with what it has: policies, rules and the key in its Secret stay', async () => {
    const { bucket, work, options } = await begin();
    await using _work = work;
    const first = await work.run(options);
    const rules = cloud.settings.get(bucket)?.['lifecycle'] as { rule: unknown[] };
    const theirs = { action: { type: 'Delete' }, condition: { age: 3, matchesPrefix: ['logs/'] } };
    cloud.settings.set(bucket, { ...cloud.settings.get(bucket), lifecycle: { rule: [theirs, rules.rule[0]] } });
    const policy = cloud.policies.get(bucket);
    if (policy === undefined) throw new Error('the bucket has no policy');
    const own = { role: 'roles/storage.admin', members: ['user:dba@example.net'] };
    cloud.policies.set(bucket, { ...policy, bindings: [own, ...policy.bindings.slice(1)] });
    const again = await work.run(options);
    expect(again.report.done).toEqual(['setLifecycle', 'allow:writer']);
    expect(onlySecret(again)).toEqual(onlySecret(first));
    expect(cloud.settings.get(bucket)).toMatchObject({ lifecycle: { rule: [theirs, {}, {}] } });
    expect(cloud.policies.get(bucket)?.bindings).toContainEqual(own);
  });

  it('is refused when its lifecycle deletes current objects, before anything is changed', async () => {
    const { bucket, work, options } = await begin();
    await using _work = work;
    await work.run(options);
    const rule = [{ action: { type: 'Delete' }, condition: { age: 365 } }];
    cloud.settings.set(bucket, { ...cloud.settings.get(bucket), lifecycle: { rule } });
    cloud.changes.length = 0;
    await expect(work.run(options)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('{"age":365}'),
    });
    expect(cloud.changes).toEqual([]);
  });

  it('names every permission that is missing, with the lines to type, when all else is done', async () => {
    const { bucket, work, options } = await begin();
    await using _work = work;
    cloud.denied.add('storage.buckets.update').add('iam.serviceAccountKeys.create');
    const failed = work.run(options);
    await expect(failed).rejects.toMatchObject({
      kind: 'denied',
      message: `cannot provision gs://${bucket}/shop: storage.buckets.update, iam.serviceAccountKeys.create are missing`,
      remedy: expect.stringContaining(`gcloud storage buckets update gs://${bucket} --versioning`),
    });
    await expect(failed).rejects.toMatchObject({
      remedy: expect.stringContaining(
        `gcloud iam service-accounts keys create credentials.json --iam-account=ro-${bucket}@shop.iam.gserviceaccount.com`,
      ),
    });
    cloud.denied.clear();
    expect(dueIn(await work.plan(options))).toEqual([
      'keepVersions',
      'setLifecycle',
      'makeKey:writer',
      'makeKey:viewer',
    ]);
    expect((await work.run(options)).report.proven).toEqual(['writer', 'viewer']);
  });

  it('says what to type, the Secret too, to who may not even look at the bucket', async () => {
    const { bucket, work, options } = await begin();
    await using _work = work;
    cloud.denied.add('storage.buckets.get');
    const failed = work.plan(options);
    for (const line of [
      `gcloud storage buckets create gs://${bucket} --project=shop`,
      `gcloud iam service-accounts create sa-${bucket}`,
      `--from-literal=credentials.json=… --from-literal=viewer_credentials.json=…`,
    ])
      await expect(failed).rejects.toMatchObject({ kind: 'denied', remedy: expect.stringContaining(line) });
    cloud.denied.clear();
  });

  it('says what it may not look at', async () => {
    const { work, options } = await begin();
    await using _work = work;
    await work.run(options);
    cloud.denied.add('iam.serviceAccountKeys.list');
    await expect(work.run(options)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('iam.serviceAccountKeys.list'),
    });
    cloud.denied.clear();
  });

  it('gets new keys beside the former ones, which end when that is asked for', async () => {
    const { work, options, storeAs } = await begin();
    await using _work = work;
    const former = onlySecret(await work.run(options));
    const fresh = onlySecret(await work.run({ ...options, isRotating: true }));
    const before = await storeAs(former['credentials.json'], 'former.json');
    const after = await storeAs(fresh['credentials.json'], 'fresh.json');
    await before.put('a', Buffer.from('with the former'));
    await work.run({ ...options, isEndingFormer: true });
    await expect(before.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
    expect((await after.get('a'))?.toString()).toBe('with the former');
    await Promise.all([before.close(), after.close()]);
  });

  it("leaves another account's key in the Secret until it is asked to, and then until the new one has its rights", async () => {
    const { bucket, work, options } = await begin();
    await using _work = work;
    const theirs = onlySecret(await work.run(options));
    const other = { ...options, writer: `other-${bucket}` };
    cloud.changes.length = 0;
    await expect(work.run(other)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('holds credentials of the writer'),
      remedy: expect.stringContaining('--rotate'),
    });
    expect(cloud.changes).toEqual([]);
    cloud.denied.add('storage.buckets.setIamPolicy');
    await expect(work.run({ ...other, isRotating: true })).rejects.toMatchObject({
      kind: 'denied',
      message: `cannot provision gs://${bucket}/shop: storage.buckets.setIamPolicy is missing`,
    });
    const kept = await work.secret(`gcp-${bucket}-service-account-key`);
    expect(kept?.['credentials.json'] === theirs['credentials.json']).toBe(true);
    cloud.denied.clear();
    const replaced = onlySecret(await work.run({ ...other, isRotating: true }));
    expect(replaced['credentials.json']).toContain(`other-${bucket}@`);
  });

  it('gets a new key without being asked if the one in the Secret was deleted', async () => {
    const { work, options } = await begin();
    await using _work = work;
    await work.run(options);
    cloud.deleteKeys();
    expect((await work.run(options)).report.done).toEqual(['makeKey:writer', 'makeKey:viewer']);
  });

  it('does not begin when a name is too long, or its Secret is of another bucket', async () => {
    const { work, options } = await begin('a-bucket-whose-name-is-too-long');
    await using _work = work;
    await expect(work.plan(options)).rejects.toMatchObject({ kind: 'usage', remedy: 'Give --writer another name.' });
    const [one, other] = [await begin(), await begin()];
    await using _one = one.work;
    await using _other = other.work;
    await one.work.run({ ...one.options, secret: 'shared' });
    const sameFile = { ...other.options, secret: 'shared', secretFile: one.work.secretFile };
    await expect(other.work.run(sameFile)).rejects.toMatchObject({ kind: 'conflict' });
  });
});
