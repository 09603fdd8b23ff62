/**
 * What a tablespace's link leads to: the directory that this server keeps its files in there.
 *
 * The server makes that directory before the link, and DROP TABLESPACE takes it away right before the link. So a link that
 * stays without it is one whose disk is not there, and a backup would hold the tablespace as an empty one.
 *
 * Source: PostgreSQL `src/backend/commands/tablespace.c` (`create_tablespace_directories`, `destroy_tablespace_directories`).
 *
 * @module
 */

import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import { unlessVanished } from './unless-vanished.ts';

/** A tablespace's directory of this server, as it is on disk. */
export interface TablespaceDirectory {
  readonly path: string;
  readonly stats: BigIntStats;
}

/** DROP TABLESPACE does nothing between the two. */
const DROPPED_WITHIN_MS = 1000;

/**
 * Finds it.
 *
 * @param path of the directory, by way of the link.
 * @returns `undefined` if the tablespace is being dropped.
 * @throws {Failure} `refused` if the link leads to none.
 */
export async function findTablespaceDirectory(
  link: string,
  path: string,
  signal?: AbortSignal,
): Promise<TablespaceDirectory | undefined> {
  const directory = await directoryAt(path);
  if (directory !== undefined) return directory;
  await sleep(DROPPED_WITHIN_MS, undefined, signal === undefined ? {} : { signal });
  if ((await lstat(link).catch(unlessVanished)) === undefined) return undefined;
  throw new Failure('refused', {
    message: `cannot back up the tablespace at ${link}: ${path} is not there, and the backup would hold the tablespace as an empty one`,
    remedy: `Mount the disk that ${link} leads to; if the tablespace is lost, or was for temporary files alone, drop it and make it anew.`,
  });
}

async function directoryAt(path: string): Promise<TablespaceDirectory | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(unlessVanished);
  return stats?.isDirectory() === true ? { path, stats } : undefined;
}
