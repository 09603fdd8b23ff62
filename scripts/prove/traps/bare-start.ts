/**
 * A rehearsal's directory that somebody starts with pg_ctl: without the target on its command line it would replay all
 * there is, open, and push a new timeline into the archive.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { controlFileOf } from '../../../src/instance/control-file-of.ts';
import { runningPostmaster } from '../../../src/instance/postmaster.ts';
import { stopPrivateServer } from '../../../src/instance/private-server.ts';
import { rehearse } from '../../../src/recovery/recover.ts';
import { runProgram, type TestServer } from '../../../tests/support/postgres.ts';
import { startRecoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before, GOOD } from './orders.ts';
import { askOne, rehearsed, type Standing } from './standing.ts';
import type { Trap } from './trap.ts';

/** On a port of its own, or the live server's would stop it, and not the guard. */
async function startBare(server: TestServer, dataDirectory: string, logFile: string): Promise<void> {
  const args = ['start', '-w', '-t', '60', '-D', dataDirectory, '-l', logFile, '-o', '-p 6432'];
  // Its exit code says little: that of 18 is 0 when a directory was shut down in recovery before, as this one was.
  await runProgram(join(server.bin, 'pg_ctl'), args).catch(() => {});
  const log = await readFile(logFile, 'utf8');
  assert.equal(await runningPostmaster(dataDirectory), undefined, `it runs: ${log}`);
  assert.match(log, /this is a rehearsal of walkback, recovery [0-9a-f]+: it is started by walkback alone/);
  const { state, timeline } = await controlFileOf(dataDirectory);
  assert.notEqual(state, 'inProduction');
  assert.equal(timeline, 1);
  const histories = (await readdir(join(dataDirectory, 'pg_wal'))).filter((name) => name.endsWith('.history'));
  assert.deepEqual(histories, []);
}

async function startBareTwice(
  server: TestServer,
  root: string,
  { context, server: rehearsal }: Standing,
): Promise<void> {
  const { dataDirectory } = rehearsal;
  await stopPrivateServer(dataDirectory);
  await startBare(server, dataDirectory, join(root, 'bare.log'));
  // As somebody does who wants a replica.
  await writeFile(join(dataDirectory, 'standby.signal'), '');
  await startBare(server, dataDirectory, join(root, 'bare-replica.log'));
  await rm(join(dataDirectory, 'standby.signal'));
  await rehearse(context);
  assert.equal(await askOne(rehearsal, 'select count(*) from orders'), String(GOOD));
}

/** The trap. */
export const bareStart: Trap = {
  name: "a rehearsal's directory started bare with pg_ctl",
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    const plan = await live.plan(before(xid));
    const look = await settleAndLook(live);
    await rehearsed(live, plan, (standing) => startBareTwice(live.server, live.root, standing));
    const files = await assertUntouched(live, look);
    return `it ends and says whose it is, as a replica too; the rehearsal stands again; ${files} live files untouched`;
  },
};
