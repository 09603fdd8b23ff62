/**
 * Where a new replica is made from: the archive, or the leader.
 *
 * From the archive only by a backup of this system that lies on the leader's own line of history, and only when that is
 * cheaper. A backup behind the fork of a recovery is of the abandoned line, though it is the newest there is; and where the
 * leader's line is not in the archive up to now, a server that replays the archive goes on along the abandoned one: it has
 * the old timeline's segment, which holds both, and not yet the new one's.
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c` (`XLogFileReadAnyTLI`); Spilo `scripts/wale_restore.sh` for
 * the thresholds.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { newestOnLine } from '../backup/newest-on-line.ts';
import type { ArchivedWal } from '../history/archived-wal.ts';
import { runsOfLine } from '../history/line-runs.ts';
import { chooseSegment, expectedSegmentName } from '../history/segment-choice.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { formatHistoryName, type TimelineHistory } from '../postgres/timeline-history.ts';
import { segmentAt } from '../postgres/wal-segment.ts';

/** The line that the replica shall follow, and how far it is. */
export interface LineToFollow {
  readonly systemIdentifier: bigint;
  readonly majorVersion: number;
  readonly line: TimelineHistory;
  /** Where the leader is; `undefined` without a leader: then the end of the archive. */
  readonly lsn: Lsn | undefined;
}

/** How much WAL may lie between backup and leader. Both hold. */
export interface WalThresholds {
  /** `WALE_BACKUP_THRESHOLD_MEGABYTES`. */
  readonly megabytes: number;
  /** `WALE_BACKUP_THRESHOLD_PERCENTAGE`, of the cluster's size. */
  readonly percentage: number;
}

/** What is known. */
export interface SourceFacts {
  readonly follow: LineToFollow;
  /** Those whose system identifier is not known are not used. */
  readonly backups: readonly Backup[];
  /** What the archive has of the line, from the backup on or more. */
  readonly wal: ArchivedWal | undefined;
  /** The cluster's size as the leader tells it; without it the backup's own. */
  readonly clusterBytes: bigint | undefined;
  readonly thresholds: WalThresholds;
}

/** The decision. */
export type ReplicaSource =
  | { readonly kind: 'archive'; readonly backup: Backup; readonly walBytes: bigint; readonly clusterBytes: bigint }
  | { readonly kind: 'leader'; readonly because: string };

const MIB = 1024n * 1024n;

const leader = (because: string): ReplicaSource => ({ kind: 'leader', because });

/** The newest backup that lies on a line, with all of its WAL; whatever else may be wrong with it. */
export function backupToRestore({ follow, backups }: Pick<SourceFacts, 'follow' | 'backups'>): Backup | undefined {
  const ofSystem = backups.filter(
    ({ systemIdentifier, pgVersionNum }) =>
      systemIdentifier === follow.systemIdentifier && Math.floor(pgVersionNum / 10_000) === follow.majorVersion,
  );
  const before =
    follow.lsn === undefined ? ofSystem : ofSystem.filter(({ finishLsn }) => finishLsn <= (follow.lsn ?? 0n));
  return newestOnLine(before, follow.line);
}

/** Decides. */
export function decideSource(facts: SourceFacts): ReplicaSource {
  const { follow, wal, thresholds } = facts;
  const backup = backupToRestore(facts);
  if (backup === undefined) return leader(whyNoBackup(facts));
  if (backup.tablespaces.length > 0) {
    return leader(`${backup.name} has ${backup.tablespaces.length} tablespaces outside of the data directory`);
  }
  if (wal === undefined) return leader('the archive holds no WAL');
  const gap = walProblem(wal, follow, backup);
  if (gap !== undefined) return leader(gap);
  const clusterBytes = facts.clusterBytes ?? backup.dataCatalogSizeBytes ?? backup.uncompressedSizeBytes;
  const walBytes = (follow.lsn ?? backup.startLsn) - backup.startLsn;
  const costly = follow.lsn === undefined ? undefined : costProblem(walBytes, clusterBytes, thresholds);
  if (costly !== undefined) return leader(`${costly} since ${backup.name}`);
  return { kind: 'archive', backup, walBytes, clusterBytes };
}

function whyNoBackup({ follow, backups }: SourceFacts): string {
  const { systemIdentifier, majorVersion, line } = follow;
  if (backups.length === 0) return 'the archive holds no backup';
  const own = backups.filter((backup) => backup.systemIdentifier === systemIdentifier);
  if (own.length === 0) return `none of its ${backups.length} backups is of the system ${systemIdentifier}`;
  const ofMajor = own.filter(({ pgVersionNum }) => Math.floor(pgVersionNum / 10_000) === majorVersion);
  if (ofMajor.length === 0) return `none of its backups is of PostgreSQL ${majorVersion}`;
  const newest = ofMajor.at(-1);
  return `none of its ${ofMajor.length} backups lies on the line of history of timeline ${line.timeline} (the newest, ${newest?.name ?? ''}, is of timeline ${newest?.timeline ?? 0} at ${formatLsn(newest?.startLsn ?? lsn(0n))})`;
}

function costProblem(walBytes: bigint, clusterBytes: bigint, thresholds: WalThresholds): string | undefined {
  const mostBytes = BigInt(thresholds.megabytes) * MIB;
  const mib = walBytes / MIB;
  if (walBytes > mostBytes) return `${mib} MiB of WAL, more than ${thresholds.megabytes} MB, were written`;
  const share = (clusterBytes * BigInt(thresholds.percentage)) / 100n;
  if (walBytes <= share) return undefined;
  return `${mib} MiB of WAL, more than ${thresholds.percentage} % of the cluster's ${clusterBytes / MIB} MiB, were written`;
}

/** Why a server that begins with the backup would not come to the leader by the archive; `undefined` if it would. */
function walProblem(wal: ArchivedWal, { line }: LineToFollow, backup: Backup): string | undefined {
  const { runs, holes } = runsOfLine(wal, line);
  const run = runs.find(({ fromLsn, toLsn }) => fromLsn <= backup.startLsn && backup.startLsn < toLsn);
  const first = segmentAt(line.timeline, backup.startLsn, wal.segmentSizeBytes).index;
  if (run === undefined)
    return `${expectedSegmentName(wal, line, first)}, where ${backup.name} begins, is not in the archive`;
  const hole = holes.find(({ fromLsn }) => fromLsn >= backup.startLsn);
  if (hole !== undefined)
    return `${hole.firstMissing} and ${hole.segmentCount - 1} more are missing behind ${backup.name}`;
  if (run.toLsn < backup.finishLsn) return `the WAL that ${backup.name} needs is not in the archive`;
  for (const { timeline, switchLsn } of line.ancestors) {
    if (switchLsn <= backup.startLsn) continue;
    const index = segmentAt(timeline, switchLsn, wal.segmentSizeBytes).index;
    const chosen = chooseSegment(wal, line, index);
    if (chosen !== undefined && chosen.validBelow === undefined) continue;
    return `${expectedSegmentName(wal, line, index)}, where timeline ${timeline} was left at ${formatLsn(switchLsn)}, is not in the archive yet: replay would go on along the abandoned line`;
  }
  const unknown = unknownHistory(wal, line, backup);
  return unknown === undefined ? undefined : `${unknown} is not in the archive yet`;
}

function unknownHistory(wal: ArchivedWal, line: TimelineHistory, backup: Backup): string | undefined {
  const needed = [...line.ancestors.map(({ timeline }) => timeline), line.timeline].filter(
    (timeline) => timeline > backup.timeline,
  );
  const absent = needed.find((timeline) => !wal.historyTimelines.includes(timeline));
  return absent === undefined ? undefined : formatHistoryName(absent);
}
