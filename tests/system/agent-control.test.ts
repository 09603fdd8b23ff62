/**
 * Recoveries from another host: commands that a real agent runs for a caller, over TLS, on a real server.
 */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RemoteAgent } from '../../src/app/remote-agent.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { until } from '../support/archived-cluster.ts';
import { TestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/programs.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { runWalkback, startWalkback, type Ended } from '../support/walkback-process.ts';

let live: Recoverable;
let root = '';
let authority: TestAuthority;
let port = 0;
let xid = 0;
let caller: Record<string, string> = {};
let agentEnvironment: Record<string, string> = {};

const startAgent = () =>
  new AgentProcess({
    dataDirectory: live.server.dataDirectory,
    spool: join(root, 'spool'),
    environment: agentEnvironment,
  });

const via = (...args: string[]): Promise<Ended> => runWalkback(args, caller);
const orders = async () => (await live.server.sql<{ n: number }>('select count(*)::int as n from orders'))[0]?.n;
const idIn = (text: string) => /recover run (\w+)/.exec(text)?.[1] ?? '';

/** A command whose output can be looked at while it runs. */
function started(...args: string[]) {
  const child = startWalkback(args, caller);
  const said = { err: '', out: '' };
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const says = (what: RegExp) => until(`it says ${what}`, async () => what.test(said.err + said.out), 60_000);
  return { child, said, ended, says };
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-control-'));
  authority = await TestAuthority.make(join(root, 'ca'));
  const { cert, key } = await authority.sign('agent', 'IP:127.0.0.1');
  const token = join(root, 'token');
  await writeFile(token, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  port = await freePort();
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await archiveTail(live.uses);
  agentEnvironment = {
    LANG: 'C',
    WALKBACK_ARCHIVE: `file://${live.archive}`,
    WALKBACK_BIN_DIRECTORY: live.server.bin,
    WALKBACK_CLUSTER_NAME: 'shop',
    WALKBACK_CONTROL_ADDRESS: `127.0.0.1:${port}`,
    WALKBACK_CONTROL_TOKEN_FILE: token,
    WALKBACK_CONTROL_CERTIFICATE: cert,
    WALKBACK_CONTROL_KEY: key,
  };
  caller = {
    WALKBACK_VIA: `https://127.0.0.1:${port}`,
    WALKBACK_CONTROL_TOKEN_FILE: token,
    WALKBACK_CONTROL_CA: authority.cert,
    WALKBACK_TIME_ZONE: 'America/Vancouver',
  };
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

describe('a recovery from another host', () => {
  it('is planned, run, undone and released there, and looks as if it was done here', async () => {
    await using agent = startAgent();
    await agent.says(/control: served at/);
    const local = {
      ...caller,
      ...agentEnvironment,
      PGDATA: live.server.dataDirectory,
      LANG: 'C.UTF-8',
      WALKBACK_VIA: '',
    };

    const planned = await via('recover', 'plan', '--before-xid', String(xid));
    expect(planned.err).not.toContain('walkback:');
    const id = idIn(planned.out);
    const shown = await via('recover', 'status', id);
    const shownThere = await runWalkback(['recover', 'status', id], local);
    const withoutAges = (text: string) => text.replaceAll(/\d+ \w+ ago/g, 'ago');
    expect(withoutAges(shown.out)).toBe(withoutAges(shownThere.out));
    const asJson = JSON.parse((await via('recover', 'status', id, '--json')).out);
    expect(asJson).toEqual(JSON.parse((await runWalkback(['recover', 'status', id, '--json'], local)).out));

    const unasked = await via('recover', 'run', id);
    expect(unasked).toMatchObject({ code: 64, err: expect.stringContaining('Give --yes') });
    const failing = await via('recover', 'run', id, '--yes', '--sql', "select 'secret' = '' as nothing");
    expect(failing).toMatchObject({ code: 80, err: expect.stringContaining('nothing is false') });
    const done = await via('recover', 'run', id, '--yes', '--json', '--sql', 'select count(*) = 100 from orders');
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toMatchObject({ id, state: 'recovered' });
    const events = done.err
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toContainEqual(expect.objectContaining({ event: 'stepFinished', step: 'cut over' }));
    expect(await orders()).toBe(100);

    expect(await via('undo', id, '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('Undone.') });
    expect(await orders()).toBe(0);
    expect(await via('release', id, '--yes')).toMatchObject({ code: 0, out: expect.stringContaining('Removed') });

    expect(agent.lines.join('\n')).toContain(`runs "recover run ${id} --yes --sql …"`);
    expect(agent.lines.join('\n')).not.toContain('secret');
    expect(agent.lines.join('\n')).not.toContain((await readFile(join(root, 'token'), 'utf8')).trim());
  });

  it('goes on when its caller is gone, and is watched again from its beginning', async () => {
    await using agent = startAgent();
    await agent.says(/control: served at/);
    const id = idIn((await via('recover', 'plan', '--before-xid', String(xid))).out);
    const first = started('recover', 'run', id, '--yes');
    await first.says(/fetch: begun/);
    first.child.kill('SIGKILL');
    await first.ended;
    const watched = await via('attach');
    expect(watched.err).toMatch(/fetch: begun[^]*cut over: done/);
    expect(watched).toMatchObject({ code: 0, out: expect.stringContaining('Recovered.') });
    expect(await orders()).toBe(100);
    await via('undo', id, '--yes');
    expect(await orders()).toBe(0);
  });

  it('goes on when the agent is killed, and the caller finds it again at the next agent', async () => {
    const killed = startAgent();
    await killed.says(/control: served at/);
    const id = idIn((await via('recover', 'plan', '--before-xid', String(xid))).out);
    const run = started('recover', 'run', id, '--yes');
    await run.says(/fetch: begun/);
    await killed.end('SIGKILL');
    await run.says(/the command goes on there, and is looked for again/);
    await using next = startAgent();
    await next.says(/control: served at/);
    expect(await run.ended).toBe(0);
    expect(run.said.out).toContain('Recovered.');
    expect(await orders()).toBe(100);
    await via('undo', id, '--yes');
  });

  it('that was killed itself says so, and is gone on with', async () => {
    await using agent = startAgent();
    await agent.says(/control: served at/);
    const id = idIn((await via('recover', 'plan', '--before-xid', String(xid))).out);
    const run = started('recover', 'run', id, '--yes');
    await run.says(/cut over: begun/);
    const jobs = `${live.server.dataDirectory}.walkback/jobs`;
    const texts = await Promise.all((await readdir(jobs)).map((name) => readFile(join(jobs, name, 'process'), 'utf8')));
    const alive = texts.map((text) => Number(text.split(' ')[0])).filter((pid) => existsSync(`/proc/${pid}`));
    expect(alive).toHaveLength(1);
    process.kill(alive[0] ?? 0, 'SIGKILL');
    expect(await run.ended).toBe(71);
    expect(run.said.err).toContain('is gone');
    expect(await via('recover', 'run', id, '--yes')).toMatchObject({
      err: expect.not.stringContaining('walkback:'),
      code: 0,
    });
    expect(await orders()).toBe(100);
    await via('undo', id, '--yes');
  });

  it('asks its caller before the cutover, and does what that says; no answer leaves the rehearsal standing', async () => {
    await using agent = startAgent();
    await agent.says(/control: served at/);
    const id = idIn((await via('recover', 'plan', '--before-xid', String(xid))).out);
    const remote = new RemoteAgent(new URL(caller['WALKBACK_VIA'] ?? ''), {
      token: (await readFile(join(root, 'token'), 'utf8')).trim(),
      ca: await readFile(authority.cert, 'utf8'),
      certificate: undefined,
    });
    const terminal = { isTTY: true, columns: 100 };
    const screen = { out: terminal, err: terminal, canAsk: true, zone: 'UTC', environment: {} };
    const runAnswering = async (answer: string | undefined): Promise<{ out: string; code: number | undefined }> => {
      const job = randomBytes(16).toString('hex');
      await remote.start({ id: job, args: ['recover', 'run', id], by: 'anna', screen });
      let out = '';
      for await (const frame of remote.frames(job, 0, AbortSignal.timeout(300_000))) {
        if (frame.kind === 'ask') {
          expect(frame.question).toContain("Type the cluster's name, shop, to go on");
          // It is the only one that changes something meanwhile; the other caller is told whose it is.
          const second = await via('rehearse', id);
          expect(second.code).toBe(81);
          expect(second.err).toMatch(new RegExp(`"recover run ${id}" runs already, started by anna`));
          await remote.answer(job, frame.number, answer);
          await expect(remote.answer(job, frame.number, 'shop')).rejects.toMatchObject({ kind: 'conflict' });
        }
        if (frame.kind === 'out') out += frame.text;
        if (frame.kind === 'exit') return { out, code: frame.code };
      }
      return { out, code: undefined };
    };
    expect(await runAnswering(undefined)).toMatchObject({ code: 0, out: expect.stringContaining('stands') });
    expect(await orders()).toBe(0);
    expect(await runAnswering('shop')).toMatchObject({ code: 0, out: expect.stringContaining('Recovered.') });
    expect(await orders()).toBe(100);
    await via('undo', id, '--yes');
  });

  it('is left running by a signal to its caller', async () => {
    await using agent = startAgent();
    await agent.says(/control: served at/);
    const id = idIn((await via('recover', 'plan', '--before-xid', String(xid))).out);
    const run = started('rehearse', id);
    await run.says(/fetch: begun/);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    const attach = /walkback (attach \w+ --via \S+)/.exec(run.said.err)?.[1] ?? '';
    expect(await via(...attach.split(' '))).toMatchObject({ code: 0, out: expect.stringContaining('stands') });
    await via('rehearse', '--discard', id);
  });
});
