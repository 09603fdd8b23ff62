/**
 * Whether a recovery of a cluster in a namespace could be rehearsed where its data is, said before anybody needs one. Pure.
 *
 * @module
 */

import { isFailure, type Failure } from '../base/failure.ts';
import type { FoundCluster } from '../kubernetes/find/find-cluster.ts';
import type { Problem } from '../kubernetes/find/problems.ts';
import { liveShape } from '../kubernetes/recover/subject-of.ts';
import { placeTrouble } from '../kubernetes/rehearse/data-mount.ts';
import type { LiveShape } from '../kubernetes/rehearse/rehearsal.ts';
import type { ArchiveWindows } from './read-archive-windows.ts';

/** `undefined`: its data is on no claim, which is a problem of its own. */
function shapeOf(found: FoundCluster): LiveShape | undefined {
  try {
    return liveShape(found);
  } catch (error) {
    if (isFailure(error, 'refused')) return undefined;
    throw error;
  }
}

function tablespacesIn(archive: ArchiveWindows | Failure): number {
  if (isFailure(archive)) return 0;
  const newest = archive.backups.toSorted((a, b) => b.finishedAt.getTime() - a.finishedAt.getTime())[0];
  return newest?.tablespaces.length ?? 0;
}

/** At most one. */
export function placeProblems(found: FoundCluster, archive: ArchiveWindows | Failure): readonly Problem[] {
  const live = shapeOf(found);
  const trouble = live === undefined ? undefined : placeTrouble(live, tablespacesIn(archive));
  if (trouble === undefined) return [];
  return [
    {
      topic: 'recovery',
      level: 'act',
      text: `no recovery can be rehearsed: ${trouble.found}`,
      remedy: trouble.remedy,
    },
  ];
}
