/**
 * Targets that cannot be reached, or that mean more than one thing: after the last commit, before the first backup, inside a
 * backup's own span, a subtransaction, another timeline, a clock reading that was shown twice or names no zone.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { listBackups } from '../../../src/backup/list.ts';
import { lsn } from '../../../src/postgres/lsn.ts';
import type { RecoveryTarget } from '../../../src/postgres/recovery-target.ts';
import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { programFolder } from '../../../tests/support/archived-cluster.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, lookAt } from './live-bytes.ts';
import { accident } from './orders.ts';
import { failureOf, type Trap } from './trap.ts';

interface Refused {
  readonly target: RecoveryTarget;
  readonly words: readonly (string | RegExp)[];
  readonly timeline?: number;
}

/** The number of a savepoint's transaction, and of the one around it. */
async function savepoint(live: Recoverable): Promise<{ sub: number; top: number }> {
  const client = await live.server.connect();
  try {
    await client.query('begin');
    const top = await client.query<{ xid: string }>('select (txid_current() & 4294967295)::text as xid');
    await client.query('savepoint one');
    await client.query('insert into orders values (401)');
    const sub = await client.query<{ xid: string }>('select xmin::text as xid from orders where id = 401');
    await client.query('commit');
    return { sub: Number(sub.rows[0]?.xid), top: Number(top.rows[0]?.xid) };
  } finally {
    await client.end();
  }
}

async function refusedTargets(live: Recoverable, { sub, top }: { sub: number; top: number }): Promise<Refused[]> {
  const [backup] = await listBackups(live.uses.store);
  if (backup === undefined) throw new Error('there is no backup');
  const startedUs = BigInt(backup.startedAt.getTime()) * 1000n;
  const time = (timeUs: bigint): RecoveryTarget => ({ kind: 'time', timeUs, inclusive: true });
  const nearest = ['--to-lsn'];
  return [
    { target: time(live.uses.nowUs() + 3_600_000_000n), words: ['after the last commit', '--to-latest'] },
    { target: time(startedUs - 3_600_000_000n), words: ['before the first base backup', ...nearest] },
    {
      target: { kind: 'lsn', lsn: lsn(backup.startLsn - 8n), inclusive: true },
      words: ['before the first', ...nearest],
    },
    {
      target: { kind: 'lsn', lsn: lsn(backup.startLsn + 1n), inclusive: false },
      words: ['inside the span', ...nearest],
    },
    { target: { kind: 'lsn', lsn: lsn(1n << 40n), inclusive: true }, words: ['behind the end', '--to-latest'] },
    { target: { kind: 'xid', xid: sub, inclusive: true }, words: ['a subtransaction', `--to-xid ${top}`] },
    { target: { kind: 'xid', xid: 999_999, inclusive: true }, words: ['no transaction of that number', '--to-latest'] },
    { target: { kind: 'name', name: 'nowhere' }, words: ['no restore point of that name', '--to-latest'] },
    { target: { kind: 'latest' }, timeline: 7, words: ['timeline 7', '--timeline'] },
  ];
}

/** As typed. */
async function typed(live: Recoverable, args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const program = join(await programFolder(live.root), 'walkback');
  const child = spawn(program, ['recover', 'plan', ...args], {
    env: { PATH: '/usr/bin:/bin', WALKBACK_ARCHIVE: live.archive, PGDATA: live.server.dataDirectory },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  await once(child, 'close');
  return { code: child.exitCode, said: Buffer.concat(said).toString() };
}

async function ambiguousTimes(live: Recoverable): Promise<void> {
  const twice = await typed(live, ['--to-time', '2025-11-02 01:30:00', '--tz', 'America/Vancouver']);
  assert.notEqual(twice.code, 0);
  assert.match(twice.said, /showed it twice.*01:30:00-07:00.*01:30:00-08:00/s);
  const never = await typed(live, ['--to-time', '2025-03-09 02:30:00', '--tz', 'America/Vancouver']);
  assert.match(never.said, /never showed it/);
  const nowhere = await typed(live, ['--to-time', '2025-03-09 12:30:00']);
  assert.match(nowhere.said, /names no time zone/);
}

/** The trap. */
export const unreachableTargets: Trap = {
  name: 'targets that are out of reach, or ambiguous',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    await accident(live);
    const numbers = await savepoint(live);
    await archiveTail(live.uses);
    await live.server.stop();
    const look = await lookAt(live);
    const refused = await refusedTargets(live, numbers);
    for (const { target, words, timeline } of refused)
      await failureOf('refused', words, () => live.plan(target, timeline));
    await ambiguousTimes(live);
    const files = await assertUntouched(live, look);
    return `${refused.length} refused with the nearest, 3 clock readings asked about; ${files} files of the stopped server the same, every byte`;
  },
};
