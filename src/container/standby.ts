/**
 * STANDBY_*: a cluster whose leader follows another cluster, by streaming, from its archive, or both.
 *
 * Spilo looks at the archive's part of these variables only where no clone is asked for; both together are refused here.
 *
 * Source: Spilo `configure_spilo.py` (`get_placeholders`).
 *
 * @module
 */

import { PREFIX_VARIABLES } from './archive-store.ts';
import type { SharedVariables } from './clone.ts';
import { environmentPath } from './container-paths.ts';
import type { PlannedStandby } from './container-plan.ts';
import { formArchive } from './form-archive.ts';
import type { ChosenMajor } from './postgres-major.ts';
import type { Reading } from './reading.ts';
import { checkScope } from './scope.ts';

function checkHost(reading: Reading): void {
  const orphans = reading.setOf(['STANDBY_PORT', 'STANDBY_PRIMARY_SLOT_NAME']);
  if (orphans.length === 0 || reading.get('STANDBY_HOST') !== undefined) return;
  reading.refuse({
    of: orphans.join(', '),
    found: 'STANDBY_HOST is not set, so there is no server that they could be about',
    remedy: 'Set STANDBY_HOST, or take them out.',
  });
}

function checkBucket(reading: Reading): void {
  const [bucket] = reading.setOf(['STANDBY_WAL_S3_BUCKET', 'STANDBY_WAL_GS_BUCKET', 'STANDBY_WAL_GCS_BUCKET']);
  const explicit = reading.setOf(PREFIX_VARIABLES.map((name) => `STANDBY_${name}`));
  if (bucket === undefined || explicit.length > 0 || reading.get('STANDBY_SCOPE') !== undefined) return;
  reading.refuse({
    of: bucket,
    found: 'STANDBY_SCOPE is not set, and the folder in the bucket is called after it',
    remedy: 'Set STANDBY_SCOPE to the SCOPE of the cluster that is followed.',
  });
}

/** The standby's source; `undefined` if the cluster stands on its own. */
export function planStandby(
  reading: Reading,
  chosen: ChosenMajor,
  shared: SharedVariables,
  isCloned: boolean,
): PlannedStandby | undefined {
  checkScope(reading, 'STANDBY_SCOPE');
  checkHost(reading);
  checkBucket(reading);
  const scope = reading.get('STANDBY_SCOPE');
  const archive = formArchive(reading, 'STANDBY_', {
    path: {
      scope,
      scopePrefix: reading.get('STANDBY_WAL_BUCKET_SCOPE_PREFIX') ?? '',
      scopeSuffix: reading.get('STANDBY_WAL_BUCKET_SCOPE_SUFFIX') ?? '',
      version: reading.get('STANDBY_PGVERSION') ?? '',
    },
    environmentPath: environmentPath(reading, 'STANDBY_', scope),
    variables: shared,
    checksFiles: !chosen.hasData,
  });
  const host = reading.get('STANDBY_HOST');
  if (archive === undefined && host === undefined) return undefined;
  if (isCloned)
    reading.refuse({
      of: host === undefined ? 'the variables STANDBY_…' : 'STANDBY_HOST',
      found: 'CLONE_METHOD is set too: a cluster begins as a clone of its own, or follows another one',
      remedy: 'Take the variables of one of the two out.',
    });
  return {
    host,
    port: reading.integer('STANDBY_PORT', 1, 65_535),
    slotName: reading.get('STANDBY_PRIMARY_SLOT_NAME'),
    archive,
  };
}
