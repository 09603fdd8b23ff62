/**
 * Where `pg_waldump` of a major is: the embedded servers come without one.
 *
 * Looked for in this order: the path in `PG_WALDUMP_16` (and so on); `walkback/pg_waldump/16/pg_waldump` in the user's
 * cache folder; Debian's place for a server; the whole servers of 16 and 18 that tests of Patroni use
 * (tests/support/patroni/install-postgres.ts). To put one into the cache, take it from any build of that major and make it
 * find its libraries: from Debian's package `postgresql-17`, unpacked with `dpkg-deb -x`.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { ensureWholePostgres } from '../../../tests/support/patroni/install-postgres.ts';

function candidates(major: number): (string | undefined)[] {
  const cache = process.env['WALKBACK_CACHE'] ?? process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return [
    process.env[`PG_WALDUMP_${major}`],
    join(cache, 'walkback', 'pg_waldump', String(major), 'pg_waldump'),
    `/usr/lib/postgresql/${major}/bin/pg_waldump`,
  ];
}

function isOfMajor(path: string | undefined, major: number): path is string {
  if (path === undefined || !existsSync(path)) return false;
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return /PostgreSQL\) (\d+)/.exec(stdout)?.[1] === String(major);
}

/** The path of the first one that says it is of that major; `undefined` if none is. */
export async function findWaldump(major: number): Promise<string | undefined> {
  const found = candidates(major).find((path) => isOfMajor(path, major));
  if (found !== undefined || (major !== 16 && major !== 18)) return found;
  const bin = await ensureWholePostgres(major);
  const path = bin && join(bin, 'pg_waldump');
  return isOfMajor(path, major) ? path : undefined;
}
