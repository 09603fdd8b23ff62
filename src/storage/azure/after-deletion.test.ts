import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openAzureStore } from './azure-store.ts';

/** What the played account answers; a status in place of an answer refuses the question. */
interface Account {
  readonly container?: Readonly<Record<string, string>> | number;
  readonly service?: string | number;
  /** The headers of its blobs by their keys; each is a minute younger than the one before. */
  readonly blobs?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const SOFT = '<DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days></DeleteRetentionPolicy>';
const NOT_SOFT = '<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>';
const propertiesOf = (policy: string): string =>
  `<?xml version="1.0"?><StorageServiceProperties>${policy}</StorageServiceProperties>`;
const NO_LOCK = { 'x-ms-has-immutability-policy': 'false', 'x-ms-has-legal-hold': 'false' };
const PLAIN = { container: NO_LOCK, service: propertiesOf(NOT_SOFT), blobs: { 'db/wal_005/1': {} } };

let server: Server;
let account: Account;
beforeEach(async () => {
  server = createServer((request, answer) => {
    const url = new URL(request.url ?? '', 'http://account');
    const refuse = (status: number): void =>
      void answer.writeHead(status, { 'x-ms-error-code': 'AuthorizationPermissionMismatch' }).end();
    const { container = NO_LOCK, service = propertiesOf(NOT_SOFT), blobs = {} } = account;
    if (url.searchParams.get('restype') === 'service') {
      if (typeof service === 'number') refuse(service);
      else answer.end(service);
    } else if (url.searchParams.get('comp') === 'list') {
      const entries = Object.keys(blobs).map((key, minute) => {
        const modified = new Date(minute * 60_000).toUTCString();
        const properties = `<Content-Length>1</Content-Length><Last-Modified>${modified}</Last-Modified>`;
        return key.startsWith(url.searchParams.get('prefix') ?? '')
          ? `<Blob><Name>${key}</Name><Properties>${properties}</Properties></Blob>`
          : '';
      });
      answer.end(`<EnumerationResults><Blobs>${entries.join('')}</Blobs><NextMarker /></EnumerationResults>`);
    } else if (url.searchParams.get('restype') === 'container') {
      if (typeof container === 'number') refuse(container);
      else answer.writeHead(200, container).end();
    } else {
      answer.writeHead(200, { ...blobs[url.pathname.replace('/account/box/', '')], etag: '"1"' }).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

async function told(given: Account): Promise<string | undefined> {
  account = given;
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const store = await openAzureStore({
    kind: 'azure',
    account: 'account',
    container: 'box',
    prefix: 'db',
    endpoint: `http://127.0.0.1:${port}/account`,
    credentials: [{ kind: 'key', key: 'a2V5' }],
  });
  try {
    return await store.afterDeletion?.();
  } finally {
    await store.close();
  }
}

describe('what becomes of blobs that are deleted', () => {
  it('is that they are gone, where nothing keeps them', async () => {
    expect(await told(PLAIN)).toBe('gone');
    expect(await told({ ...PLAIN, blobs: {} })).toBe('gone');
  });

  it('is that they stay for a while under soft delete, and as versions where a new blob has a version', async () => {
    expect(await told({ ...PLAIN, service: propertiesOf(SOFT) })).toBe('versions');
    const [old, young] = [{}, { 'x-ms-version-id': '2026-11-30T20:00:00.0000000Z' }];
    expect(
      await told({ ...PLAIN, blobs: { 'db/walkback_001/agents/1': old, 'db/walkback_001/agents/2': young } }),
    ).toBe('versions');
  });

  it.each([
    ['a policy of the container', { container: { ...NO_LOCK, 'x-ms-has-immutability-policy': 'true' } }],
    ['a legal hold of the container', { container: { ...NO_LOCK, 'x-ms-has-legal-hold': 'true' } }],
    ['a policy of the blob', { blobs: { 'db/k': { 'x-ms-immutability-policy-until-date': 'Tue, 1 Dec 2026' } } }],
    ['a legal hold of the blob', { blobs: { 'db/k': { 'x-ms-legal-hold': 'true' } } }],
  ])('is that nobody can take them under %s, whatever else cannot be told', async (_, lock) => {
    expect(await told({ ...PLAIN, ...lock })).toBe('locked');
    expect(await told({ ...PLAIN, service: 403, ...lock })).toBe('locked');
  });

  it('is unknown where these credentials may not ask, and nothing that they may ask keeps them', async () => {
    expect(await told({ ...PLAIN, service: 403 })).toBe('unknown');
    expect(await told({ ...PLAIN, container: 403 })).toBe('unknown');
    expect(await told({ ...PLAIN, service: '<html>' })).toBe('unknown');
    expect(await told({ ...PLAIN, container: 403, service: propertiesOf(SOFT) })).toBe('versions');
  });
});
