/**
 * Who gets at an agent's control endpoint, and who does not: the threats of docs/decisions/0027, over real connections.
 */

import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { createServer, request as tlsRequest, type RequestOptions } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { StartRequest } from '../../src/agent/control/control-messages.ts';
import { Jobs } from '../../src/agent/control/jobs.ts';
import { serveControl, type ControlOptions } from '../../src/agent/control/serve-control.ts';
import { readToken } from '../../src/agent/control/token.ts';
import { RemoteAgent, type AgentAccess } from '../../src/app/remote-agent.ts';
import { Failure } from '../../src/base/failure.ts';
import { until } from '../support/archived-cluster.ts';
import { TestAuthority, type Certificate } from '../support/certificates.ts';

const TOKEN = '8f1d3c5a7e9b0246813579bdf02468ace13579bdf02468ace013579bdf02468a';
const OTHER = '0f1d3c5a7e9b0246813579bdf02468ace13579bdf02468ace013579bdf02468a';

/** A program in the place of walkback's: it says what it was asked, waits if told to, and ends. */
const PROGRAM = `
  const fs = require('node:fs');
  const job = JSON.parse(fs.readFileSync(process.argv[1] + '/job.json', 'utf8'));
  fs.appendFileSync(process.argv[1] + '/../runs', job.id + '\\n');
  const say = (frame) => fs.writeSync(1, JSON.stringify(frame) + '\\n');
  say({ kind: 'out', text: job.args.join(' ') });
  const end = () => say({ kind: 'exit', code: 3 });
  if (job.args.includes('wait')) setTimeout(end, 60000); else end();
`;

let root = '';
let authority: TestAuthority;
let own: Certificate;
let tokenFile = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-access-'));
  authority = await TestAuthority.make(join(root, 'ca'));
  own = await authority.sign('agent', 'IP:127.0.0.1');
  tokenFile = join(root, 'token');
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  await rm(tokenFile, { force: true });
  await writeFile(tokenFile, TOKEN, { mode: 0o600 });
});

interface Served extends AsyncDisposable {
  readonly port: number;
  readonly audit: string[];
  readonly folder: string;
  readonly call: (over?: Partial<AgentAccess>, host?: string) => RemoteAgent;
}

async function serve(given: { readonly ca?: string; readonly isPlain?: true } = {}): Promise<Served> {
  const stop = new AbortController();
  const folder = await mkdtemp(join(root, 'jobs-'));
  const listening = Promise.withResolvers<number>();
  const audit: string[] = [];
  const [cert, key, caPem] = await Promise.all(
    [own.cert, own.key, authority.cert].map((path) => readFile(path, 'utf8')),
  );
  const callers = given.ca === undefined ? undefined : await readFile(given.ca, 'utf8');
  const options: ControlOptions = {
    host: '127.0.0.1',
    port: 0,
    readToken: () => readToken(tokenFile),
    readTls: given.isPlain === true ? undefined : async () => ({ cert: cert ?? '', key: key ?? '', ca: callers }),
    jobs: new Jobs({ folder, commandFor: (job) => [process.execPath, '-e', PROGRAM, job], environment: {} }),
    readHello: async () => ({
      program: 'walkback',
      version: '1',
      protocol: 1,
      host: 'db1',
      cluster: 'shop',
      isPrimary: true,
    }),
    check: async (args) => {
      if (args[0] === 'change') return { isChanging: true, shown: args.join(' '), ownFlags: [] };
      if (args[0] === 'read') return { isChanging: false, shown: args.join(' '), ownFlags: [] };
      throw new Failure('refused', { message: 'cannot run that', remedy: 'Run another.' });
    },
    audit: (line) => audit.push(line),
    onWarning: (line) => audit.push(line),
    onListening: listening.resolve,
    signal: stop.signal,
  };
  const serving = serveControl(options);
  const port = await listening.promise;
  const call = (over: Partial<AgentAccess> = {}, host = '127.0.0.1') =>
    new RemoteAgent(new URL(`${given.isPlain === true ? 'http' : 'https'}://${host}:${port}`), {
      token: TOKEN,
      ca: caPem,
      certificate: undefined,
      ...over,
    });
  return {
    port,
    audit,
    folder,
    call,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await serving;
    },
  };
}

const screen = { out: { isTTY: false, columns: undefined }, err: { isTTY: false, columns: undefined } };
const request = (id: string, ...args: string[]): StartRequest => ({
  id: id.repeat(32),
  args,
  by: 'anna@laptop',
  screen: { ...screen, canAsk: false, zone: 'UTC', environment: {} },
});

async function raw(
  port: number,
  given: RequestOptions & { readonly body?: string },
): Promise<{ status: number; body: string }> {
  const ca = await readFile(authority.cert, 'utf8');
  const { body, ...options } = given;
  const sent = tlsRequest({ host: '127.0.0.1', port, ca, agent: false, path: '/v1/hello', ...options });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const text = (await Array.fromAsync(response as AsyncIterable<Buffer>)).join('');
  return { status: response.statusCode, body: text };
}
const headers = { authorization: `Bearer ${TOKEN}`, 'walkback-protocol': '1' };

async function codeOf(agent: RemoteAgent, id: string): Promise<number | undefined> {
  for await (const frame of agent.frames(id.repeat(32), 0, AbortSignal.timeout(30_000))) {
    if (frame.kind === 'exit') return frame.code;
  }
  return undefined;
}

describe('an agent that takes commands', () => {
  it('answers who shows its token, and nobody else; wrong tokens are counted, and not written down', async () => {
    await using served = await serve();
    expect(await served.call().hello()).toMatchObject({ host: 'db1', cluster: 'shop' });
    await expect(served.call({ token: OTHER }).hello()).rejects.toMatchObject({ kind: 'denied' });
    for (const authorization of [undefined, '', 'Bearer', `Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN}0`]) {
      const given = authorization === undefined ? {} : { authorization };
      expect((await raw(served.port, { headers: { ...headers, authorization: '', ...given } })).status).toBe(401);
    }
    for (let count = 0; count < 3; count += 1)
      await served
        .call({ token: OTHER })
        .hello()
        .catch(() => {});
    const late = await raw(served.port, { headers: { ...headers, authorization: `Bearer ${OTHER}` } });
    expect(late).toMatchObject({ status: 429, body: expect.not.stringContaining(TOKEN.slice(1)) });
    const lines = served.audit.length;
    await served
      .call({ token: OTHER })
      .hello()
      .catch(() => {});
    expect(served.audit).toHaveLength(lines);
    // Whoever sends wrong ones locks nobody out.
    expect(await served.call().hello()).toMatchObject({ host: 'db1' });
    expect(served.audit.join('\n')).not.toContain(TOKEN.slice(1));
    expect(served.audit.filter((line) => /refused: a wrong token/.test(line))).toHaveLength(10);
  });

  it('takes a token that was exchanged while it runs, and none that others can read', async () => {
    await using served = await serve();
    await writeFile(tokenFile, OTHER);
    await expect(served.call().hello()).rejects.toMatchObject({ kind: 'denied' });
    expect(await served.call({ token: OTHER }).hello()).toMatchObject({ host: 'db1' });
    await rm(tokenFile);
    await writeFile(tokenFile, TOKEN, { mode: 0o644 });
    const refused: unknown = await served
      .call()
      .hello()
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'unavailable', remedy: expect.stringContaining('log') });
    // Who is not known yet is not told of the host's files.
    expect(String(refused)).not.toContain(root);
    expect(served.audit.join('\n')).toContain('others can read');
  });

  it('speaks TLS 1.3 and nothing below', async () => {
    await using served = await serve();
    const ca = await readFile(authority.cert, 'utf8');
    const old = tlsConnect({ host: '127.0.0.1', port: served.port, ca, maxVersion: 'TLSv1.2' });
    const [error] = await once(old, 'error');
    expect(String(error)).toMatch(/protocol version|handshake/i);
    const plain = plainRequest({ host: '127.0.0.1', port: served.port, path: '/v1/hello', headers, agent: false });
    plain.end();
    const [broken] = await once(plain, 'error');
    expect(broken).toBeInstanceOf(Error);
    expect(served.audit.filter((line) => !line.startsWith('served at'))).toEqual([]);
  });

  it('is told no token by a caller that does not trust it, or that it does not name', async () => {
    await using served = await serve();
    const stranger = await TestAuthority.make(join(root, 'stranger'));
    const ca = await readFile(stranger.cert, 'utf8');
    for (const agent of [served.call({ ca }), served.call({ ca: undefined }), served.call({}, 'localhost')]) {
      await expect(agent.hello()).rejects.toMatchObject({
        kind: 'denied',
        remedy: expect.stringContaining('control-ca'),
      });
    }
    expect(served.audit.filter((line) => !line.startsWith('served at'))).toEqual([]);
  });

  it('takes only callers with a certificate, where it asks for one, beside the token', async () => {
    await using served = await serve({ ca: authority.cert });
    await expect(served.call().hello()).rejects.toMatchObject({
      remedy: expect.stringContaining('control-certificate'),
    });
    const { cert, key } = await authority.sign('anna', 'email:anna@example.net');
    const certificate = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
    expect(await served.call({ certificate }).hello()).toMatchObject({ host: 'db1' });
    await expect(served.call({ certificate, token: OTHER }).hello()).rejects.toMatchObject({ kind: 'denied' });
    const stranger = await TestAuthority.make(join(root, 'other stranger'));
    const theirs = await stranger.sign('mallory', 'email:mallory@example.net');
    const forged = { cert: await readFile(theirs.cert, 'utf8'), key: await readFile(theirs.key, 'utf8') };
    await expect(served.call({ certificate: forged }).hello()).rejects.toBeInstanceOf(Failure);
  });

  it('refuses what is too long, is no JSON, has another protocol, or no such path', async () => {
    await using served = await serve();
    const post = { method: 'POST', path: '/v1/jobs', headers };
    expect(await raw(served.port, { ...post, body: '{' })).toMatchObject({ status: 400 });
    const long = await raw(served.port, { ...post, body: JSON.stringify({ args: ['x'.repeat(300_000)] }) }).catch(
      () => undefined,
    );
    expect(long?.status ?? 400).toBe(400);
    expect(served.audit.join('\n')).toContain('it is larger than');
    expect(await raw(served.port, { headers: { ...headers, 'walkback-protocol': '2' } })).toMatchObject({
      status: 403,
    });
    for (const path of [
      '/',
      '/v2/hello',
      '/v1/jobs/../../etc',
      '/v1/hello/../../x',
      '//elsewhere/v1',
      'http://elsewhere/v1/x',
    ]) {
      expect((await raw(served.port, { path, headers })).status, path).toBe(400);
    }
    for (const id of ['..%2f..', 'xyz', 'a'.repeat(31)]) {
      expect((await raw(served.port, { path: `/v1/jobs/${id}/frames`, headers })).status, id).toBe(400);
    }
    const huge = raw(served.port, { headers: { ...headers, x: 'x'.repeat(20_000) } });
    expect((await huge.catch(() => ({ status: 431 }))).status).toBe(431);
  });

  it('lets go of a connection that says nothing', async () => {
    await using served = await serve({ isPlain: true });
    const silent = tcpConnect(served.port, '127.0.0.1');
    silent.write('GET /v1/hello HTTP/1.1\r\nHost: x\r\n');
    silent.resume();
    const begunAtMs = Date.now();
    await once(silent, 'close');
    expect(Date.now() - begunAtMs).toBeLessThan(20_000);
  });

  it('starts a job once, however often it is asked to, and none of the same id with other arguments', async () => {
    await using served = await serve();
    const agent = served.call();
    for (let again = 0; again < 3; again += 1) {
      expect(await agent.start(request('a', 'change', 'x'))).toEqual({ isChanging: true });
    }
    await expect(agent.start(request('a', 'change', 'y'))).rejects.toMatchObject({ kind: 'conflict' });
    expect(await codeOf(agent, 'a')).toBe(3);
    await agent.start(request('a', 'change', 'x'));
    expect(await codeOf(agent, 'a')).toBe(3);
    expect(await readFile(join(served.folder, 'runs'), 'utf8')).toBe(`${'a'.repeat(32)}\n`);
    await expect(agent.start(request('b', 'forbidden'))).rejects.toMatchObject({ kind: 'refused' });
  });

  it('ends a command that only reads when its caller goes away, and lets nobody else listen to it', async () => {
    await using served = await serve();
    const agent = served.call();
    await agent.start(request('c', 'read', 'wait'));
    const gone = new AbortController();
    const frames = agent.frames('c'.repeat(32), 0, gone.signal);
    expect((await frames.next()).value).toMatchObject({ kind: 'out', text: 'read wait' });
    await expect(codeOf(agent, 'c')).rejects.toMatchObject({ kind: 'conflict' });
    const pid = Number((await readFile(join(served.folder, 'c'.repeat(32), 'process'), 'utf8')).split(' ')[0]);
    const isGone = async () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    // Whoever was refused has not ended it by going away.
    await sleep(500);
    expect(await isGone()).toBe(false);
    gone.abort();
    await frames.next().catch(() => {});
    await until('its process has ended', isGone);
  });

  it('runs one command that changes something at a time, and interrupts it when asked to', async () => {
    await using served = await serve();
    const agent = served.call();
    await agent.start(request('d', 'change', 'wait'));
    await expect(agent.start(request('e', 'change'))).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('started by anna@laptop'),
    });
    await agent.interrupt('d'.repeat(32));
    const seen = await Array.fromAsync(agent.frames('d'.repeat(32), 1, AbortSignal.timeout(30_000)));
    expect(seen.filter(({ kind }) => kind !== 'beat')).toEqual([{ kind: 'lost' }]);
    await agent.start(request('e', 'change'));
    expect(await codeOf(agent, 'e')).toBe(3);
  });

  it('writes a line for each request, on one line whatever the caller calls itself', async () => {
    await using served = await serve();
    await served.call().start({ ...request('f', 'read'), by: 'anna\ncontrol: 10.0.0.1 forged' });
    const line = served.audit.find((one) => one.includes('runs "read"')) ?? '';
    expect(line).toContain(String.raw`("anna\ncontrol: 10.0.0.1 forged")`);
    expect(line).not.toContain('\n');
  });
});

describe('a caller', () => {
  it('follows nobody who sends it elsewhere', async () => {
    let asked = 0;
    const elsewhere = createServer({ cert: await readFile(own.cert), key: await readFile(own.key) }, (_, response) => {
      asked += 1;
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const portOf = (server: ReturnType<typeof createServer>) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    };
    const sender = createServer({ cert: await readFile(own.cert), key: await readFile(own.key) }, (_, response) => {
      response.writeHead(307, { location: `https://127.0.0.1:${portOf(elsewhere)}/` }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(sender, 'listening');
    const access = { token: TOKEN, ca: await readFile(authority.cert, 'utf8'), certificate: undefined };
    const agent = new RemoteAgent(new URL(`https://127.0.0.1:${portOf(sender)}`), access);
    await expect(agent.hello()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining('307') });
    expect(asked).toBe(0);
    sender.close();
    elsewhere.close();
  });
});
