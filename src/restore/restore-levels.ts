/**
 * What each backup of a chain gives to a restore of the newest: pure.
 *
 * A file comes whole from the newest backup that holds it whole, and the increments of those after it are applied to it,
 * oldest first. What the newest does not list comes from nowhere: it had been dropped. So no file is written twice, and
 * a backup from which nothing is needed is not read.
 *
 * Refused: a list that contradicts itself or its parent's. A full backup without a list, as old programs wrote it, may be
 * the root: the named files must then come out of it.
 *
 * Source: WAL-G `internal/databases/postgres/backup_fetch_handler.go`, `backup.go` (`GetFilesToUnwrap`, `unwrapOld`).
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { Failure } from '../base/failure.ts';
import { filesMetadataKey } from '../walg/backup-names.ts';
import type { FileDescription, FilesMetadata } from '../walg/files-metadata.ts';
import { isOfOwnObject, normalizeEntryName } from './restored-path.ts';

/** How a backup holds a file. */
export type Taking = 'whole' | 'increment';

/** One backup of a chain, with its list of files; `undefined` if it has none. */
export interface DescribedBackup {
  readonly backup: Backup;
  readonly metadata: FilesMetadata | undefined;
}

/** What is taken from one backup. */
export interface RestoreLevel extends DescribedBackup {
  /** Normalized names, and how the parts hold them; `undefined`: everything there is. */
  readonly wanted: ReadonlyMap<string, Taking> | undefined;
}

/**
 * Decides.
 *
 * @param chain the full backup first.
 * @param isWanted leaves out what is not to be restored; without it everything is.
 * @returns a level for each backup of the chain, in that order.
 * @throws {Failure} `corrupt`, naming the backup and the file.
 */
export function decideLevels(
  chain: readonly DescribedBackup[],
  isWanted?: (normalizedName: string) => boolean,
): RestoreLevel[] {
  const levels: RestoreLevel[] = [];
  let names = namesOfNewest(chain, isWanted);
  for (const [index, described] of chain.toReversed().entries()) {
    const isRoot = index === chain.length - 1;
    const isAlone = chain.length === 1;
    const files = normalizedFiles(described);
    if (files === undefined) {
      if (!isRoot) throw noList(described.backup);
      levels.unshift({ ...described, wanted: names && new Map([...names].map((name) => [name, 'whole'])) });
      break;
    }
    const { wanted, deeper } = takeLevel(described.backup, files, names ?? [...files.keys()]);
    const [first] = deeper;
    if (isRoot && first !== undefined) throw notInRoot(described.backup, first);
    levels.unshift({ ...described, wanted: isAlone && isWanted === undefined ? undefined : wanted });
    names = deeper;
  }
  return levels;
}

function namesOfNewest(
  chain: readonly DescribedBackup[],
  isWanted: ((name: string) => boolean) | undefined,
): readonly string[] | undefined {
  const newest = chain.at(-1);
  if (newest === undefined || isWanted === undefined) return undefined;
  const files = normalizedFiles(newest);
  if (files === undefined) throw noList(newest.backup);
  return [...files.keys()].filter((name) => isWanted(name));
}

function takeLevel(
  backup: Backup,
  files: ReadonlyMap<string, FileDescription>,
  names: Iterable<string>,
): { wanted: Map<string, Taking>; deeper: string[] } {
  const wanted = new Map<string, Taking>();
  const deeper: string[] = [];
  for (const name of names) {
    const file = files.get(name);
    if (file === undefined) throw notListed(backup, name);
    if (file.isSkipped && file.isIncremented) throw contradiction(backup, name);
    if (file.isSkipped || file.isIncremented) deeper.push(name);
    if (!file.isSkipped) wanted.set(name, file.isIncremented ? 'increment' : 'whole');
  }
  return { wanted, deeper };
}

/** Names as they are on disk; without those that have objects of their own. */
function normalizedFiles({ backup, metadata }: DescribedBackup): Map<string, FileDescription> | undefined {
  if (metadata === undefined) return undefined;
  const key = filesMetadataKey(backup.name);
  const files = new Map<string, FileDescription>();
  for (const [listedName, file] of metadata.files) {
    const name = normalizeEntryName(listedName, key);
    if (isOfOwnObject(name)) continue;
    const before = files.get(name);
    if (before !== undefined && (before.isSkipped !== file.isSkipped || before.isIncremented !== file.isIncremented)) {
      throw contradiction(backup, name);
    }
    files.set(name, file);
  }
  return files;
}

function damagedList(backup: Backup, found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; see walkback backup list.',
  });
}

function noList(backup: Backup): Failure {
  return damagedList(backup, 'it has no list of files, so that nobody can tell what of it is needed, and how');
}

function notListed(backup: Backup, name: string): Failure {
  return damagedList(backup, `it does not list ${JSON.stringify(name)}, which a delta backup on it takes from it`);
}

function notInRoot(backup: Backup, name: string): Failure {
  return damagedList(
    backup,
    `its list says that ${JSON.stringify(name)} is in the backup before it, and it is a full backup`,
  );
}

function contradiction(backup: Backup, name: string): Failure {
  return damagedList(backup, `its list contradicts itself about ${JSON.stringify(name)}`);
}
