/**
 * Decodes every segment that a plan's replay needs, before anything is restored: the plan was made of indexes, and what
 * an index says is no proof that its segment can be read today.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import { decodeEnds } from '../history/decode-ends.ts';
import { chooseSegment } from '../history/segment-choice.ts';
import { readIndexSummary } from '../history/segment-indexes-object.ts';
import { readSegmentIndexes, type SegmentIndexRequest } from '../history/segment-indexes.ts';
import type { ScanEnd } from '../history/scan-end.ts';
import { workersFor } from '../history/scan-indexes.ts';
import type { Lsn } from '../postgres/lsn.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';
import { lineOfPlan } from './line-of-plan.ts';
import { plannedLsn, type ReplayPlan } from './recovery-context.ts';
import type { RecoveryUses } from './uses.ts';

type ProofRequest = SegmentIndexRequest & { readonly store: ObjectStore; readonly toLsn: Lsn };

/**
 * Decodes them.
 *
 * @throws {Failure} `corrupt` if one cannot be read as far as the target; `refused` if an index tells of other WAL than its
 *   segment holds, as the plan was made of it.
 */
export async function proveWal(
  { store, onProgress, signal }: Pick<RecoveryUses, 'store' | 'onProgress' | 'signal'>,
  plan: ReplayPlan,
): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const wal = await listArchivedWal(store, options);
  const [fromLsn, toLsn] = [plannedLsn(plan.replay.fromLsn), plannedLsn(plan.target.lsn)];
  const span = { store, wal, line: lineOfPlan(plan), fromLsn, toLsn, ...options };
  const scan = readSegmentIndexes({
    ...span,
    useIndex: false,
    workerCount: workersFor(span),
    onProgress: (progress) => {
      onProgress({ ...progress, phase: 'fetch', note: 'reading the WAL' });
    },
  });
  for await (const decoded of scan) await compareIndex(span, decoded, plan.id);
  checkEnd(scan.end, toLsn, plan.id);
  await decodeEnds(span, toLsn);
}

/** What comes behind the target may be damaged, or missing. */
function checkEnd(end: ScanEnd | undefined, toLsn: Lsn, id: string): void {
  if (end === undefined || end.kind === 'reached' || end.kind === 'endOfArchive') return;
  if (end.kind === 'damage' && end.stop.lsn >= toLsn) return;
  const found =
    end.kind === 'hole'
      ? `${end.missing} is not in the archive`
      : `${end.stop.fileName} cannot be read behind byte ${end.stop.offsetBytes}: ${end.stop.reason}`;
  throw new Failure('corrupt', {
    message: `cannot run plan ${id}: its target cannot be reached any more, as ${found}`,
    remedy:
      'Nothing was changed. Push the segment again from pg_wal of the server, if it is still there:\n    walkback wal push pg_wal/NAME\nor plan for a moment before it:\n    walkback window',
  });
}

async function compareIndex(
  { store, wal, line, signal }: ProofRequest,
  decoded: SegmentIndex,
  id: string,
): Promise<void> {
  const { index } = segmentAt(line.timeline, decoded.startLsn, wal.segmentSizeBytes);
  const segment = chooseSegment(wal, line, index);
  if (segment === undefined || segment.validBelow !== undefined || decoded.stop !== undefined) return;
  const found = await readIndexSummary({ store, wal, segment, signal });
  if (found.kind !== 'sound' || found.value.contentCrc === decoded.contentCrc) return;
  throw new Failure('refused', {
    message: `cannot run plan ${id}: the index of ${segment.fileName}, of which it was made, tells of other WAL than is there now`,
    remedy: 'Nothing was changed. Make the indexes anew, then plan again:\n    walkback history index --rebuild',
  });
}
