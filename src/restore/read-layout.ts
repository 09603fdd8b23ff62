/**
 * How the files of a backup's cluster are made, read from the backup's own control file before anything is written; and
 * that it is the cluster that the sentinel names.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { readControlObject } from '../backup/control-of-backup.ts';
import { Failure } from '../base/failure.ts';
import { PAGE_SIZE_BYTES } from '../postgres/page-checksum-constants.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { USUAL_SEGMENT_PAGES } from '../walg/increment.ts';
import type { PageLayout } from './increment-writer.ts';
import type { BackupObject } from './tar-objects.ts';

/** As PostgreSQL is usually built; checksums are not known of. */
const USUAL_LAYOUT: PageLayout = {
  pageSizeBytes: PAGE_SIZE_BYTES,
  segmentPages: USUAL_SEGMENT_PAGES,
  hasChecksums: false,
};

/**
 * Reads it. A backup whose `pg_control` has no object of its own (WAL-E's) is taken to be of the usual make.
 *
 * @throws {Failure} `corrupt` if the control file is, `refused` if it is another cluster's than the sentinel's.
 */
export async function readLayout(
  store: ObjectStore,
  backup: Backup,
  objects: readonly BackupObject[],
): Promise<PageLayout> {
  const object = objects.find(({ kind }) => kind === 'pgControl');
  if (object === undefined || (backup.systemIdentifier === undefined && backup.deltaFrom === undefined)) {
    return USUAL_LAYOUT;
  }
  const control = await readControlObject(store, object);
  const { systemIdentifier } = backup;
  if (systemIdentifier !== undefined && systemIdentifier !== control.systemIdentifier) {
    throw new Failure('refused', {
      message: `cannot restore ${backup.name}: its sentinel names system ${systemIdentifier}, and its control file is of system ${control.systemIdentifier}`,
      remedy:
        'Two clusters write to one archive. Restore from another backup, and give each cluster a place of its own.',
    });
  }
  const { blockSizeBytes, blocksPerSegment, dataChecksumVersion } = control;
  return {
    pageSizeBytes: blockSizeBytes,
    segmentPages: blocksPerSegment,
    hasChecksums: dataChecksumVersion > 0 && blockSizeBytes === PAGE_SIZE_BYTES,
  };
}
