/**
 * A recovery of one member as a person makes it, with PostgreSQL alone: for clusters that are to be found in that state.
 *
 * @module
 */

import { appendFile, cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { quoted, RESTORE_SCRIPT, settingText, until } from '../archived-cluster.ts';
import { runProgram } from '../postgres.ts';
import { PASSWORDS } from './member-config.ts';
import type { PatroniMember } from './patroni-member.ts';

/** A copy of a running member's data, with which recoveries begin. @returns its folder. */
export async function copyByHand(member: PatroniMember): Promise<string> {
  const folder = join(member.root, 'base');
  const at = ['-h', '127.0.0.1', '-p', String(member.postgresPort), '-U', 'replicator'];
  const line = [...at, '-D', folder, '-X', 'stream', '-c', 'fast'];
  await runProgram(join(member.bin, 'pg_basebackup'), line, { PGPASSWORD: PASSWORDS.replicator });
  return folder;
}

/** Waits until the archiver has taken the WAL so far. */
export async function archiveByHand(member: PatroniMember): Promise<void> {
  const [row] = await member.sql<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
  const name = row?.name ?? '';
  await until(
    `${name} is archived`,
    async () => {
      const [found] = await member.sql<{ done: boolean }>(
        `SELECT last_archived_wal >= '${name}' AS done FROM pg_stat_archiver`,
      );
      return found?.done === true;
    },
    60_000,
  );
}

/** Replaces the data of a member that does not run by the copy, recovered to a restore point and promoted; it is stopped then. */
export async function recoverByHand(member: PatroniMember, copy: string, restorePoint: string): Promise<void> {
  await rm(member.dataDirectory, { recursive: true });
  await cp(copy, member.dataDirectory, { recursive: true });
  await writeFile(join(member.dataDirectory, 'recovery.signal'), '');
  const fetch = settingText(`${quoted(RESTORE_SCRIPT)} ${quoted(member.spool)} "%f" "%p"`);
  const target = `recovery_target_name = '${restorePoint}'\nrecovery_target_action = 'promote'\n`;
  const settings = `restore_command = ${fetch}\n${target}`;
  await appendFile(join(member.dataDirectory, 'postgresql.conf'), settings);
  const control = (...args: string[]) =>
    runProgram(join(member.bin, 'pg_ctl'), ['-D', member.dataDirectory, '-w', '-t', '60', ...args], member.environment);
  await control('start', '-l', join(member.root, 'log')).catch(async (error: unknown) => {
    throw new Error(`cannot start the copy:\n${(await member.log()).split('\n').slice(-30).join('\n')}`, {
      cause: error,
    });
  });
  await until('it is promoted', async () => {
    const [row] = await member.sql<{ open: boolean }>('SELECT NOT pg_is_in_recovery() AS open').catch(() => []);
    return row?.open === true;
  });
  await control('stop', '-m', 'fast');
}
