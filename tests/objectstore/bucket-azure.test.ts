/** A container is provided on azurite, and its signatures do what they shall and no more. */

import { afterAll, describe, expect, it } from 'vitest';

import { startAzurite } from '../support/azurite.ts';
import { dueIn, newBucketName, onlySecret, Provisioning } from '../support/provisioning.ts';

const server = await startAzurite();
afterAll(async () => server?.[Symbol.asyncDispose]());

function environment(container: string): Record<string, string> {
  return {
    WALG_AZ_PREFIX: `azure://${container}/shop`,
    AZURE_STORAGE_ACCOUNT: server?.account ?? '',
    AZURE_STORAGE_ACCESS_KEY: server?.key ?? '',
    WALKBACK_AZURE_ENDPOINT: server?.endpoint ?? '',
    WALKBACK_STORE_CALL_TIMEOUT: '20s',
  };
}

const asWriter = (secret: Readonly<Record<string, string>>) => ({
  AZURE_STORAGE_ACCESS_KEY: '',
  AZURE_STORAGE_ACCOUNT: secret['AZURE_STORAGE_ACCOUNT'] ?? '',
  AZURE_STORAGE_SAS_TOKEN: secret['AZURE_STORAGE_SAS_TOKEN'] ?? '',
});
const asViewer = (secret: Readonly<Record<string, string>>) => ({
  ...asWriter(secret),
  AZURE_STORAGE_SAS_TOKEN: secret['viewer_AZURE_STORAGE_SAS_TOKEN'] ?? '',
});

describe.skipIf(server === undefined)('a container of azurite', () => {
  it('is created once, with signatures for a writer and a viewer of it alone', async () => {
    const container = newBucketName();
    await using work = await Provisioning.begin(environment(container));
    expect(dueIn(await work.plan())).toContain('createBucket');
    const first = await work.run();
    expect(first.report.proven).toEqual(['writer', 'viewer']);
    const secret = onlySecret(first);
    expect([...first.secrets.keys()]).toEqual([`azure-${container}-sas-token`]);
    expect(Object.keys(secret).toSorted()).toEqual([
      'AZURE_STORAGE_ACCOUNT',
      'AZURE_STORAGE_SAS_TOKEN',
      'bucket_name',
      'viewer_AZURE_STORAGE_ACCOUNT',
      'viewer_AZURE_STORAGE_SAS_TOKEN',
    ]);
    expect(await work.isPrivate()).toBe(true);
    expect(JSON.stringify(first.plan)).not.toContain('sig=');

    const writer = await work.store(asWriter(secret));
    await writer.put('a', Buffer.from('one'));
    await writer.put('a', Buffer.from('two'));
    const viewer = await work.store(asViewer(secret));
    expect((await viewer.get('a'))?.toString()).toBe('two');
    await expect(viewer.put('b', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
    await expect(viewer.delete(['a'])).rejects.toMatchObject({ kind: 'denied' });
    await writer.delete(['a']);
    expect(await viewer.get('a')).toBeUndefined();

    const second = await work.run();
    expect(second.report.done).toEqual([]);
    expect(onlySecret(second)).toEqual(secret);
    await Promise.all([writer.close(), viewer.close()]);
  });

  it('gives signatures that open no other container', async () => {
    await using one = await Provisioning.begin(environment(newBucketName()));
    await using other = await Provisioning.begin(environment(newBucketName()));
    const secret = onlySecret(await one.run());
    await other.run();
    const stranger = await other.store(asWriter(secret));
    await expect(stranger.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
    await stranger.close();
  });

  it('gets new signatures beside the former ones, which end when that is asked for', async () => {
    await using work = await Provisioning.begin(environment(newBucketName()));
    const former = onlySecret(await work.run());
    const fresh = onlySecret(await work.run({ isRotating: true }));
    expect(fresh['AZURE_STORAGE_SAS_TOKEN']).not.toBe(former['AZURE_STORAGE_SAS_TOKEN']);
    const [before, after] = [await work.store(asWriter(former)), await work.store(asWriter(fresh))];
    await before.put('a', Buffer.from('with the former'));
    await after.put('b', Buffer.from('with the new'));
    const ended = await work.run({ isEndingFormer: true });
    expect(ended.report.done).toEqual(['endKeys:writer', 'endKeys:viewer']);
    await expect(before.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
    expect((await after.get('a'))?.toString()).toBe('with the former');
    expect(dueIn(await work.plan())).toEqual([]);
    await Promise.all([before.close(), after.close()]);
  });

  it("leaves another account's signature in the Secret until it is asked to", async () => {
    const container = newBucketName();
    await using work = await Provisioning.begin(environment(container));
    const theirs = onlySecret(await work.run());
    const other = { writer: `other-${container}` };
    await expect(work.run(other)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('holds credentials of the writer'),
    });
    expect(onlySecret(await work.run())).toEqual(theirs);
    expect(onlySecret(await work.run({ ...other, isRotating: true }))).not.toEqual(theirs);
  });

  it("needs the account's key, and says what to do by hand without", async () => {
    await using work = await Provisioning.begin({
      ...environment(newBucketName()),
      AZURE_STORAGE_ACCESS_KEY: '',
      AZURE_STORAGE_SAS_TOKEN: 'sv=1&sig=x',
    });
    await expect(work.plan()).rejects.toMatchObject({
      kind: 'denied',
      remedy: expect.stringContaining('az role assignment create'),
    });
  });
});
