/**
 * Where the programs of a PostgreSQL major are on this host.
 *
 * @module
 */

import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, isFailure } from '../base/failure.ts';
import { runProgram } from './run-program.ts';

/** Folders that packages of a major use: Debian's, then Red Hat's, then a source build's, then Homebrew's. */
function usualFolders(major: number): string[] {
  return [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    `/usr/local/pgsql/bin`,
    `/opt/homebrew/opt/postgresql@${major}/bin`,
    `/usr/local/bin`,
    `/usr/bin`,
  ];
}

async function hasMajor(folder: string, major: number): Promise<boolean> {
  const program = join(folder, 'postgres');
  const isThere = await access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isThere) return false;
  const end = await runProgram([program, '--version'], { timeoutMs: 10_000 }).catch((error: unknown) => {
    if (isFailure(error)) return undefined;
    throw error;
  });
  return Number(/\(PostgreSQL\)\s+(\d+)/.exec(end?.output ?? '')?.[1]) === major;
}

/**
 * The folder with `postgres` and `pg_ctl` of a major.
 *
 * @param setting the folder the operator named; if given, only it is looked at.
 * @throws {Failure} `refused` if no such folder has that major.
 */
export async function findBinaries(major: number, setting?: string): Promise<string> {
  const folders = setting === undefined ? usualFolders(major) : [setting];
  for (const folder of folders) {
    if (await hasMajor(folder, major)) return folder;
  }
  throw new Failure('refused', {
    message: `cannot find the programs of PostgreSQL ${major}: looked in ${folders.join(', ')}`,
    remedy: `Install PostgreSQL ${major} here, or name the folder with its "postgres" in the settings.`,
  });
}
