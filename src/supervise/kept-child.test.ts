import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isProcessAlive } from '../instance/postmaster.ts';
import { ChildRecord } from './child-record.ts';
import { KeptChild } from './kept-child.ts';
import type { RestartPolicy } from './restart-policy.ts';
import type { SupervisionEvent } from './supervision-event.ts';

const POLL = { timeout: 10_000, interval: 20 };
const AT_ONCE: RestartPolicy = { pausesMs: [1], giveUpAfter: 3 };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-child-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** A shell line, kept. */
function kept(line: string, policy: RestartPolicy, more: Partial<ConstructorParameters<typeof KeptChild>[0]> = {}) {
  const events: SupervisionEvent[] = [];
  const child = new KeptChild({
    program: {
      name: 'patroni',
      program: '/bin/sh',
      args: ['-c', line],
      environment: { PATH: '/usr/bin:/bin', AT: folder },
    },
    policy,
    report: (event) => events.push(event),
    ...more,
  });
  const count = (kind: SupervisionEvent['kind']) => events.filter((event) => event.kind === kind).length;
  return { child, events, count };
}

async function pidIn(name: string): Promise<number> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '');
  return text.endsWith('\n') ? Number(text) : 0;
}

async function isGone(pid: number): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !isProcessAlive(pid) || state.includes(') Z ');
}

describe('a child that is kept', () => {
  it('is started again when it ends, and given up when it never does its work', async () => {
    const { child, events, count } = kept('exit 3', AT_ONCE);
    expect(await child.keep()).toBe('gaveUp');
    expect(count('started')).toBe(3);
    expect(events.filter(({ kind }) => kind === 'ended')).toMatchObject([
      { code: 3, pauseMs: 1 },
      { code: 3, pauseMs: 1 },
      { code: 3, pauseMs: undefined },
    ]);
    expect(events.at(-1)).toEqual({ kind: 'gaveUp', name: 'patroni', endsInARow: 3 });
  });

  it('is not given up while it does its work in between', async () => {
    const { child, count } = kept('exit 1', AT_ONCE, { beforeStart: async () => child.noteWell() });
    const keeping = child.keep();
    await expect.poll(() => count('started'), POLL).toBeGreaterThan(6);
    await child.stop(1000);
    expect(await keeping).toBe('stopped');
  });

  it('is given up where it cannot be started, with the reason', async () => {
    const program = { name: 'agent', program: join(folder, 'absent'), args: [], environment: {} } as const;
    const { child, events } = kept('', AT_ONCE, { program });
    expect(await child.keep()).toBe('gaveUp');
    expect(events[0]).toMatchObject({ kind: 'ended', message: expect.stringContaining('ENOENT') });
  });

  it('leaves nothing of its group behind when it is killed, but what has a session of its own', async () => {
    const line = `sleep 60 & echo $! >$AT/helper; setsid sh -c 'echo $$ >$AT/server; exec sleep 60' & wait`;
    const { child, events } = kept(line, { pausesMs: [60_000] });
    const keeping = child.keep();
    await expect.poll(async () => (await pidIn('helper')) > 0 && (await pidIn('server')) > 0, POLL).toBe(true);
    const [helper, server] = [await pidIn('helper'), await pidIn('server')];
    process.kill(child.processId ?? 0, 'SIGKILL');
    await expect.poll(() => events.at(-1)?.kind, POLL).toBe('ended');
    await expect.poll(() => isGone(helper), POLL).toBe(true);
    expect(await isGone(server)).toBe(false);
    process.kill(server, 'SIGKILL');
    await child.stop(1000);
    expect(await keeping).toBe('stopped');
  });

  it('is stopped by SIGTERM alone, and without mercy when that takes too long', async () => {
    const polite = kept(`trap 'echo 1 >$AT/asked; exit 0' TERM; echo 1 >$AT/up; while :; do sleep 0.05; done`, AT_ONCE);
    const keeping = polite.child.keep();
    await expect.poll(() => pidIn('up'), POLL).toBe(1);
    await polite.child.stop(5000);
    expect(await keeping).toBe('stopped');
    expect(await pidIn('asked')).toBe(1);
    expect(polite.count('killed')).toBe(0);

    const stubborn = kept(`trap '' TERM; echo 2 >$AT/up; while :; do sleep 0.05; done`, AT_ONCE);
    const stubbornKeeping = stubborn.child.keep();
    await expect.poll(() => pidIn('up'), POLL).toBe(2);
    await stubborn.child.stop(100);
    expect(await stubbornKeeping).toBe('stopped');
    expect(stubborn.count('killed')).toBe(1);
  });

  it('is not started while it is held back', async () => {
    const { child, count } = kept('exec sleep 60', AT_ONCE);
    await child.hold(1000);
    const keeping = child.keep();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(count('started')).toBe(0);
    child.resume();
    await expect.poll(() => child.processId !== undefined, POLL).toBe(true);
    await child.hold(1000);
    expect(child.processId).toBeUndefined();
    expect(count('ended')).toBe(0);
    child.resume();
    await expect.poll(() => count('started'), POLL).toBe(2);
    await child.stop(1000);
    expect(await keeping).toBe('stopped');
  });

  it('inherits no environment', async () => {
    const { child } = kept('exec env >$AT/environment', { pausesMs: [], giveUpAfter: 1 });
    await child.keep();
    const lines = (await readFile(join(folder, 'environment'), 'utf8')).trim().split('\n');
    // A shell adds the last three by itself.
    const names = lines.map((line) => line.replace(/=.*/, '')).filter((name) => !/^(PWD|SHLVL|_|OLDPWD)$/.test(name));
    expect(names.toSorted()).toEqual(['AT', 'PATH']);
  });
});

describe('the record of children', () => {
  it('takes notes that come at the same time', async () => {
    const record = await ChildRecord.take(folder, () => {});
    await Promise.all(
      Array.from({ length: 20 }, async (_, count) => record.note(count % 2 === 0 ? 'patroni' : 'agent', process.pid)),
    );
    const text = await readFile(join(folder, 'supervisor.json'), 'utf8');
    expect(Object.keys(JSON.parse(text) as object).toSorted()).toEqual(['agent', 'patroni', 'supervisor']);
    await record.note('supervisor', undefined);
  });

  it('lets the next supervisor end what a killed one has left, and no other process', async () => {
    const events: SupervisionEvent[] = [];
    const record = await ChildRecord.take(folder, () => {});
    // Nobody starts it again while the next supervisor is at work: two would note it in one file.
    const { child } = kept(
      'exec sleep 60',
      { pausesMs: [60_000], giveUpAfter: 3 },
      {
        // A supervisor that was killed notes no end.
        onProcess: async (pid) => (pid === undefined ? undefined : record.note('patroni', pid)),
      },
    );
    const keeping = child.keep();
    await expect
      .poll(async () => (await readFile(join(folder, 'supervisor.json'), 'utf8')).includes('patroni'), POLL)
      .toBe(true);
    const orphan = child.processId ?? 0;
    await expect(ChildRecord.take(folder, () => {})).rejects.toMatchObject({ kind: 'conflict' });
    // As if the supervisor had been killed: the file stays, its process does not.
    await record.note('supervisor', undefined);
    await ChildRecord.take(folder, (event) => events.push(event));
    expect(events).toEqual([{ kind: 'orphanEnded', name: 'patroni', processId: orphan }]);
    await child.stop(1000);
    await keeping;
  });
});
