import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { DEFAULT_STORE_DEADLINES } from '../../storage/deadlines.ts';
import { S3Connection } from '../../storage/s3/connection.ts';
import { policyFor } from './bucket-policy.ts';
import { findAccounts, type AccountsChoice, type FoundAccounts } from './find-accounts.ts';
import { S3Api } from './s3-request.ts';

/** What a server, or the proxy before it, answers one after the other; the last goes on. `undefined`: it hangs up. */
type Answers = readonly ({ readonly status: number; readonly server?: string } | undefined)[];

/** Looks for the accounts of a server that answers so, and counts how often it was asked. */
async function found(answers: Answers, choice: AccountsChoice = { kind: 'auto' }) {
  let asked = 0;
  const server = createServer((_request, response) => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (answer === undefined) response.destroy();
    else response.writeHead(answer.status, answer.server === undefined ? {} : { server: answer.server }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connection = await S3Connection.open(
    {
      kind: 's3',
      bucket: 'shop',
      prefix: '',
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'root', secretAccessKey: 'secret' },
    },
    DEFAULT_STORE_DEADLINES,
  );
  const api = await S3Api.open(connection);
  const policies = {
    writer: policyFor('writer', 'shop', { region: undefined }),
    viewer: policyFor('viewer', 'shop', { region: undefined }),
  };
  try {
    const accounts: FoundAccounts = await findAccounts(api, connection.location, choice, policies);
    return { ...accounts, asked: () => asked };
  } finally {
    api[Symbol.dispose]();
    connection.close();
    server.closeAllConnections();
    server.close();
  }
}

describe('the accounts of a server', () => {
  it('are those of the server that says its name', async () => {
    expect((await found([{ status: 403, server: 'MinIO' }])).accounts?.mostKeys).toBe(1);
    expect((await found([{ status: 403, server: 'SeaweedFS 30GB 4.0' }])).accounts?.mostKeys).toBe(2);
  });

  it('are asked for again when a proxy answers for the server, or nobody does', async () => {
    const away = [{ status: 502, server: 'nginx' }, undefined, { status: 403, server: 'SeaweedFS' }] as const;
    const { accounts, asked } = await found(away);
    expect(accounts?.mostKeys).toBe(2);
    expect(asked()).toBe(3);
  });

  it('are not guessed: a server that is not known is refused, with what to say', async () => {
    const refused = {
      kind: 'refused',
      message: expect.stringContaining('"nginx"'),
      remedy: expect.stringMatching(/--accounts iam.*--accounts minio.*--accounts none/su),
    };
    await expect(found([{ status: 200, server: 'nginx' }])).rejects.toMatchObject(refused);
    await expect(found([{ status: 200 }])).rejects.toMatchObject({ kind: 'refused' });
  });

  it('are not guessed of a server that does not answer', async () => {
    await Promise.all([
      expect(found([{ status: 502, server: 'nginx' }])).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('502'),
      }),
      expect(found([undefined])).rejects.toMatchObject({ kind: 'refused' }),
    ]);
  });

  it('are none only when that is said', async () => {
    expect((await found([{ status: 200 }], { kind: 'none' })).accounts).toBeUndefined();
    expect((await found([undefined], { kind: 'iam' })).accounts?.mostKeys).toBe(2);
    expect((await found([undefined], { kind: 'auto', iamEndpoint: 'https://iam.test' })).accounts?.mostKeys).toBe(2);
  });
});
