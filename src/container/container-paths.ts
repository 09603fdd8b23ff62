/**
 * Where things are in the container.
 *
 * Source: Spilo `configure_spilo.py` (`get_placeholders`) and the variables that its image sets; PGDATA's own default
 * there is PGROOT/pgdata, and the image makes it PGROOT/data.
 *
 * @module
 */

import { dirname, join } from 'node:path/posix';

import type { ContainerPaths } from './container-plan.ts';
import type { Reading } from './reading.ts';

/** The paths. */
export function containerPaths(reading: Reading): ContainerPaths {
  const home = reading.path('PGHOME') ?? '/home/postgres';
  const root = reading.path('PGROOT') ?? join(home, 'pgdata/pgroot');
  const dataDirectory = reading.path('PGDATA') ?? join(root, 'data');
  const runDirectory = reading.path('RW_DIR') ?? '/run';
  return {
    home,
    root,
    dataDirectory,
    logDirectory: reading.path('PGLOG') ?? join(dirname(dataDirectory), 'pg_log'),
    runDirectory,
    socketDirectory: join(runDirectory, 'postgresql'),
    certificateDirectory: join(runDirectory, 'certs'),
    temporaryDirectory: reading.path('WALE_TMPDIR') ?? join(dirname(root), 'tmp'),
    spoolDirectory: `${dataDirectory}.spool`,
  };
}

/** The directory of variables for an archive: `env`, `env-clone-<scope>`, `env-standby-<scope>`. */
export function environmentPath(reading: Reading, prefix: string, scope: string | undefined): string {
  const runDirectory = reading.path('RW_DIR') ?? '/run';
  if (prefix === '') return reading.path('WALE_ENV_DIR') ?? join(runDirectory, 'etc/wal-e.d/env');
  const name = `env-${prefix.slice(0, -1).toLowerCase()}${scope === undefined ? '' : `-${scope}`}`;
  return join(runDirectory, 'etc/wal-e.d', name);
}

/** The file of the cluster's roles with their passwords, by which they reach post_init. */
export function rolesFile({ runDirectory }: ContainerPaths): string {
  return join(runDirectory, 'walkback/roles.json');
}
