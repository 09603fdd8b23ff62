/** What the Azure backend says of credentials that give no token. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AzureCredentials } from './azure-location.ts';
import { AzurePlace } from './testing/azure-place.ts';
import { ARC_KEY, AzureTokens, CLIENT_SECRET } from './testing/azure-tokens.ts';

/** Nothing listens at the port of "discard". */
const NOBODY = 'http://127.0.0.1:9';

let place: AzurePlace;

beforeEach(async () => {
  place = await AzurePlace.make();
  vi.stubEnv('PATH', place.folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await place[Symbol.asyncDispose]();
});

async function failureOf(credentials: AzureCredentials, callMs?: number): Promise<unknown> {
  const store = await place.open([credentials], {}, callMs);
  const thrown: unknown = await store.get('a').catch((error: unknown) => error);
  expect(allOf(thrown)).not.toMatch(/hunter2/);
  return thrown;
}

/** All that could be printed of an error, with what caused it. */
function allOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return `${thrown.stack} ${JSON.stringify(thrown)} ${JSON.stringify(Object.entries(thrown))} ${allOf(thrown.cause)}`;
}

describe('credentials that Azure does not take', () => {
  it.each([
    ['a wrong secret', async () => place.secret('hunter2 "of/yesterday"'), 'AADSTS7000215', 'client id'],
    ['a long wrong secret', async () => place.secret('hunter2'.repeat(100)), 'AADSTS7000215', 'client id'],
    [
      'a strange certificate',
      async () => {
        const other = await AzureTokens.start();
        await other[Symbol.asyncDispose]();
        return place.certificate(other.certificate.certificatePem, other.certificate.keyPem);
      },
      'AADSTS7000215',
      'certificate',
    ],
    [
      'a certificate without its key',
      async () => place.certificate(place.tokens.certificate.certificatePem),
      'RSA key',
      '',
    ],
    ['a file of something else', async () => place.certificate('hunter2'), 'does not hold a certificate', ''],
    [
      'a file that is not there',
      async () => place.application({ kind: 'certificate', file: '/no/such' }),
      '/no/such',
      '',
    ],
    ['an empty token', async () => place.federatedToken('\n'), 'is empty', 'federated token'],
    ['a wrong header', async () => place.appService('hunter2-of-another'), 'answered 401', 'identity in Azure'],
    ['a wrong key of Arc', async () => place.arc('hunter2-of-another'), 'answered 401', 'identity in Azure'],
    ['a key file of Arc that is none', async () => place.arc(ARC_KEY, 'passwords'), 'no key file of its own', ''],
    [
      'a key file elsewhere',
      async () => place.arc(ARC_KEY, 'a.key', '/var/opt/azcmagent/tokens'),
      'no key file of its own',
      '',
    ],
    ['a large key file', async () => place.arc('hunter2'.repeat(1000)), 'too large', ''],
    [
      'a login that ended',
      async () => place.az('echo WARNING: x >&2; echo ERROR: hello >&2; exit 1'),
      'ERROR: hello',
      'az login',
    ],
    ['an az that prints something else', async () => place.az('echo hunter2'), 'not to be understood', 'az login'],
    [
      'an authority without TLS',
      async () => place.application({ kind: 'secret', secret: CLIENT_SECRET }, 'http://login.example'),
      'no https address',
      'AZURE_AUTHORITY_HOST',
    ],
    [
      'an endpoint that is none',
      async (): Promise<AzureCredentials> => ({ kind: 'managed', endpoint: 'nowhere' }),
      'IDENTITY_ENDPOINT',
      'IDENTITY_ENDPOINT',
    ],
  ] as const)(
    'are %s: the error says so, with a remedy and without secrets',
    async (_name, credentials, found, remedy) => {
      expect(await failureOf(await credentials())).toMatchObject({
        kind: 'denied',
        message: expect.stringContaining(found),
        remedy: expect.stringContaining(remedy),
      });
      expect([...place.tokens.given]).toEqual([]);
    },
  );

  it('are told from an authority that cannot be reached', async () => {
    const away = place.application({ kind: 'secret', secret: CLIENT_SECRET }, NOBODY);
    expect(await failureOf(away, 300)).toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/token for Azure from 127\.0\.0\.1:9: ECONNREFUSED/),
      remedy: expect.stringContaining('127.0.0.1:9'),
    });
  });

  it('are told from none at all', async () => {
    const nothing = await place.open([{ kind: 'cli' }]);
    await expect(nothing.get('a')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('the program az is not here'),
      remedy: expect.stringContaining('AZURE_CLIENT_SECRET'),
    });
  });
});
