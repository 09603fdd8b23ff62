/**
 * What an entry of a backup may be, beside a file and a directory.
 *
 * Symbolic links are left out and listed: WAL-G stores those that somebody has put into a data directory, without where
 * they point. Where the server has a file of its own, there is none: without that file nothing that was restored is whole.
 * Hard links, devices and pipes are in no backup that a program made of a data directory.
 *
 * Source: PostgreSQL, "Database File Layout".
 *
 * @module
 */

import { parseRelationFileName } from '../backup/exclusions.ts';
import { Failure } from '../base/failure.ts';
import type { TarEntryType } from '../codec/tar-header.ts';

const IN_DATABASE = /^(?:base\/\d+|global|pg_tblspc\/\d+\/PG_[^/]+\/\d+)\/([^/]+)$/;
const OF_TRANSACTIONS = /^(?:pg_xact|pg_commit_ts|pg_multixact\/(?:members|offsets))\/[0-9A-F]+$/;
const OF_EACH_DATABASE: ReadonlySet<string | undefined> = new Set(['PG_VERSION', 'pg_filenode.map', 'pg_control']);

const KINDS: Readonly<Record<Exclude<TarEntryType, 'file' | 'directory'>, string>> = {
  symlink: 'a symbolic link in the place of a file of the server',
  link: 'a hard link',
  characterDevice: 'a device',
  blockDevice: 'a device',
  fifo: 'a named pipe',
};

/** True for the name of a file that holds the data of tables or transactions, and is a file on every server. */
function isDataFile(name: string): boolean {
  const baseName = IN_DATABASE.exec(name)?.[1];
  if (baseName === undefined) return name === 'PG_VERSION' || OF_TRANSACTIONS.test(name);
  return OF_EACH_DATABASE.has(baseName) || parseRelationFileName(baseName) !== undefined;
}

/**
 * Refuses what cannot be restored.
 *
 * @param name normalized.
 * @throws {Failure} `corrupt`, naming the object and the entry.
 */
export function refuseKind(type: TarEntryType, name: string, object: string): void {
  if (type === 'file' || type === 'directory' || (type === 'symlink' && !isDataFile(name))) return;
  throw new Failure('corrupt', {
    message: `cannot restore from ${object}: ${JSON.stringify(name)} is ${KINDS[type]}`,
    remedy: 'Restore from another backup: somebody has changed this one, or it was made of what no server has.',
  });
}
