/**
 * Which line of history a replica has to follow when no member can be asked: the one that the cluster's own keys tell.
 *
 * It must be without doubt. The keys say which system it is and where each timeline was left; the archive's newest timeline
 * must have exactly that history. If it has another one, somebody has recovered, or failed over, in a way that one of the
 * two does not know, and a new replica could bring back what was removed.
 *
 * @module
 */

import { openDcs } from '../cluster/patroni/dcs.ts';
import type { DcsKeys } from '../cluster/patroni/dcs-keys.ts';
import { Failure } from '../base/failure.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import { readTimelines } from '../history/timelines.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { LineToFollow } from '../replica/decide-source.ts';
import type { ObjectStore } from '../storage/object-store.ts';

function refuse(found: string): Failure {
  return new Failure('refused', {
    message: `cannot make a replica without a leader: ${found}`,
    remedy:
      'Start a member that has its data, so that there is a leader to ask; or take the cluster back with "walkback recover".',
  });
}

/** True if a line of the archive is the one that the keys tell. */
export function isSameHistory({ ancestors }: TimelineHistory, history: DcsKeys['history']): boolean {
  return (
    ancestors.length === history.length &&
    ancestors.every(
      ({ timeline, switchLsn }, index) =>
        history[index]?.timeline === timeline && history[index].switchLsnBytes === switchLsn,
    )
  );
}

/** The line. @throws {Failure} `refused` if it is not without doubt; `unavailable` if the DCS does not answer. */
export async function lineWithoutLeader(
  patroniConfig: string | undefined,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<LineToFollow> {
  if (patroniConfig === undefined) throw refuse("Patroni's configuration is not named, by which its keys are found");
  const keys = await openDcs({ patroniConfig }).show();
  if (keys.leader !== undefined)
    throw refuse(`${keys.leader} holds the lock of the leader, and was not named as source`);
  if (keys.initialize === undefined || !/^\d+$/.test(keys.initialize)) {
    throw refuse('the cluster is not initialised: its keys name no system');
  }
  const systemIdentifier = BigInt(keys.initialize);
  const found = await lineOfArchive(store, signal);
  if (found.systemIdentifier !== systemIdentifier) {
    throw refuse(`the archive is of the system ${found.systemIdentifier}, the cluster of ${systemIdentifier}`);
  }
  if (!isSameHistory(found.line, keys.history)) {
    throw refuse(
      `the archive's newest timeline, ${found.line.timeline}, has another history than the cluster's keys tell (${keys.history.length} timelines before the present one)`,
    );
  }
  return found;
}

/**
 * The newest line of an archive, to its end, whatever system it is of: that of the leader of a standby cluster that has an
 * archive to follow and no server. It is nobody's yet, so there are no keys that could tell another.
 *
 * @throws {Failure} `notInArchive` if the archive holds no WAL.
 */
export async function lineOfArchive(store: ObjectStore, signal: AbortSignal): Promise<LineToFollow> {
  const wal = await listArchivedWal(store, { signal });
  const timelines = await readTimelines(store, wal, { signal });
  const { systemIdentifier, majorVersion } = wal;
  return { systemIdentifier, majorVersion, line: timelines.lineOf(timelines.latest), lsn: undefined };
}
