/**
 * The timeline that a backup of a standby begins on.
 *
 * It is that of the standby's last restart point, which is made of a checkpoint of the primary's. After a promotion the
 * standby replays the new timeline at once, but the new primary's first checkpoint is spread over minutes: until it comes,
 * a backup would begin on the timeline before, and end on the new one. The last segment of the timeline before is never
 * archived by its own name, so that the WAL of such a backup does not come together.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlog.c` (`CreateRestartPoint`, `do_pg_backup_start`, `do_pg_backup_stop`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { parseLsn, type Lsn } from '../postgres/lsn.ts';
import { queryText, type Connection } from './connection.ts';

/** Where a standby is. */
export interface StandbyTimelines {
  /** Where the last restart point has replay begin. */
  readonly redoLsn: Lsn | undefined;
  readonly ofRestartPoint: number;
  /** What it replays or receives, as far as it says. */
  readonly ofReplay: number;
}

/** Who may not read all statistics sees no timeline of the receiver: the control file tells then, a little later. */
const TIMELINES = `select redo_lsn::text as redo, timeline_id as begun,
    greatest(timeline_id, min_recovery_end_timeline, (select max(received_tli) from pg_stat_wal_receiver)) as replayed
  from pg_control_checkpoint(), pg_control_recovery()`;

/** Asks a standby. */
export async function readStandbyTimelines(connection: Connection): Promise<StandbyTimelines> {
  const [row] = await connection.query(TIMELINES);
  return {
    redoLsn: parseLsn(row?.['redo'] ?? ''),
    ofRestartPoint: Number(row?.['begun']),
    ofReplay: Number(row?.['replayed']),
  };
}

/**
 * The timeline of a backup that has begun at `startLsn`: a restart point may have been made since.
 *
 * @param before right before it was begun.
 * @param now right behind that.
 * @throws {Failure} `refused` if the standby is on another timeline than its last restart point, or between two.
 */
export function timelineOfStandbyBackup(startLsn: Lsn, before: StandbyTimelines, now: StandbyTimelines): number {
  const { ofRestartPoint: timeline, ofReplay } = now;
  if (ofReplay !== timeline) throw otherTimeline(timeline, ofReplay);
  if (now.redoLsn !== startLsn && before.ofRestartPoint !== timeline) {
    throw otherTimeline(before.ofRestartPoint, timeline);
  }
  return timeline;
}

/**
 * Looks again before the end. What was promoted meanwhile is no standby: the server itself says so at the end of the backup.
 *
 * @throws {Failure} `refused` if the standby has gone on to another timeline than the backup has begun on.
 */
export async function refuseOtherTimeline(connection: Connection, timeline: number): Promise<void> {
  const { ofReplay } = await readStandbyTimelines(connection);
  const isStandby = (await queryText(connection, 'select pg_is_in_recovery()')) === 't';
  if (isStandby && ofReplay !== timeline) throw otherTimeline(timeline, ofReplay);
}

function otherTimeline(begun: number, replayed: number): Failure {
  return new Failure('refused', {
    message: `cannot take a backup of this standby: its last restart point is on timeline ${begun}, and it is on timeline ${replayed} by now`,
    remedy: 'Run CHECKPOINT on the primary, and take the backup again when the standby has replayed it.',
  });
}
