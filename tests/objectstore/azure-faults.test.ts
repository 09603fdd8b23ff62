/** What the Azure backend does when the network or the store goes wrong. Azurite, behind a proxy that breaks things. */

import { randomBytes } from 'node:crypto';

import { afterAll, describe, expect, it } from 'vitest';

import type { StoreDeadlines } from '../../src/storage/deadlines.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { startAzurite } from '../support/azurite.ts';
import { itAsksTheListing } from '../support/bare-404.ts';
import { FaultProxy, type Fault, type ProxiedRequest } from '../support/fault-proxy.ts';
import { CountedBody, itOutlivesFaults, PATIENT, type FaultedStore, type Trouble } from '../support/store-faults.ts';

const MIB = 1024 * 1024;

const server = await startAzurite();
const proxy = server === undefined ? undefined : await FaultProxy.start(new URL(server.endpoint).origin);

function real(): { server: NonNullable<typeof server>; proxy: FaultProxy } {
  if (server === undefined || proxy === undefined) throw new Error('there is no Azure server');
  return { server, proxy };
}

async function openBoth(deadlines: StoreDeadlines): Promise<{ store: ObjectStore; direct: ObjectStore }> {
  const location = await real().server.newContainer({ blockSizeBytes: 5 * MIB });
  const direct = await openStore(location);
  const endpoint = `${real().proxy.endpoint}${new URL(location.endpoint).pathname}`;
  return { direct, store: await openStore({ ...location, endpoint }, deadlines) };
}

const WORDS: Readonly<Record<Trouble, readonly [status: number, code: string]>> = {
  busy: [503, 'ServerBusy'],
  broken: [500, 'InternalError'],
  tooMany: [429, 'TooManyRequests'],
  denied: [403, 'AuthorizationPermissionMismatch'],
  skewedClock: [403, 'AuthenticationFailed'],
  noBucket: [404, 'ContainerNotFound'],
  gone: [404, 'BlobNotFound'],
};

function says(trouble: Trouble, headers: Record<string, string> = {}): Fault {
  const [status, code] = WORDS[trouble];
  const date = new Date(Date.now() + (trouble === 'skewedClock' ? 3_600_000 : 0)).toUTCString();
  return {
    kind: 'answer',
    status,
    headers: { 'content-type': 'application/xml', 'x-ms-error-code': code, date, ...headers },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  };
}

const faulted: FaultedStore | undefined =
  proxy === undefined
    ? undefined
    : {
        name: 'Azure Blob Storage',
        proxy,
        openBoth,
        says,
        reads: ({ method, path }) => method === 'GET' && !path.includes('comp='),
        lists: ({ method, path }) => method === 'GET' && path.includes('comp=list'),
        writes: ({ method }) => method === 'PUT',
        deletes: ({ method }) => method === 'DELETE',
      };

afterAll(async () => server?.[Symbol.asyncDispose]());

itOutlivesFaults('Azure Blob Storage', faulted);
itAsksTheListing('Azure Blob Storage', faulted);

describe.skipIf(server === undefined)('an upload in blocks to Azure', () => {
  const block = ({ method, path }: ProxiedRequest): boolean => method === 'PUT' && /comp=block(&|$)/.test(path);
  const list = ({ method, path }: ProxiedRequest): boolean => method === 'PUT' && path.includes('comp=blocklist');

  it.each([
    ['a block', block],
    ['the list of blocks', list],
  ])('succeeds when %s is reset, refused for now, or has its answer lost', async (_name, when) => {
    const { store, direct } = await openBoth(PATIENT);
    const bytes = randomBytes(11 * MIB);
    const faults: readonly Fault[] = [{ kind: 'reset' }, says('busy'), { kind: 'loseAnswer' }];
    for (const [index, fault] of faults.entries()) {
      for (const ifAbsent of [true, false]) {
        const key = `large-${index}-${ifAbsent}`;
        real().proxy.clear();
        real().proxy.inject({ when, times: 1, fault });
        expect(await store.put(key, bytes, { ifAbsent })).toBe('written');
        expect(real().proxy.count((request) => request.fault !== undefined)).toBe(1);
        expect((await direct.get(key))?.equals(bytes)).toBe(true);
      }
    }
  });

  it('ends with the failure of a block, and neither reads nor sends the rest', async () => {
    const { store, direct } = await openBoth(PATIENT);
    real().proxy.clear();
    real().proxy.inject({ when: block, times: 1, fault: says('denied') });
    const body = new CountedBody(30, 5 * MIB);
    await expect(store.put('large', body)).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('AuthorizationPermissionMismatch'),
    });
    expect(body.givenCount).toBeLessThan(10);
    expect(real().proxy.count(block)).toBeLessThan(10);
    expect(real().proxy.count(list)).toBe(0);
    expect(await direct.stat('large')).toBeUndefined();
  });
});
