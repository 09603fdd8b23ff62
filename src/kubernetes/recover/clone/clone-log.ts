/**
 * What the log of a pod says while its image clones: how far it is, and whether it has left the path that ends at the target.
 * Pure, line by line.
 *
 * Every wrong path ends in a database that looks healthy: a new, empty one; one with all rows, the removed ones too; one that
 * ends wherever the WAL did. So the first such line ends the attempt.
 *
 * Source: Spilo `configure_spilo.py`, `clone_with_wale.py`, `maybe_pg_upgrade.py`; Patroni `patroni/ha.py`,
 * `patroni/postgresql/bootstrap.py`. The wording is the same in Patroni 2.1 and 4.0.
 *
 * @module
 */

/** What has been seen so far. */
export interface CloneSight {
  /** In words, for whoever waits. */
  readonly phase: string;
  /** The image has begun to clone, and not to make an empty database. */
  readonly hasBegun: boolean;
  /** Patroni has taken what came of it over. */
  readonly isInitialized: boolean;
  /** Why the attempt is void; with the line that says so. */
  readonly wrong: string | undefined;
}

/** Nothing yet. */
export const NOTHING_SEEN: CloneSight = {
  phase: 'the pod starts',
  hasBegun: false,
  isInitialized: false,
  wrong: undefined,
};

/** Phases in which it can be counted how far it is. */
export const FETCHING = 'the backup is fetched';
export const REPLAYING = 'WAL is replayed';

const PHASES: readonly (readonly [pattern: RegExp, phase: string])[] = [
  [/trying to bootstrap a new cluster/, 'Patroni begins'],
  [/Running custom bootstrap script/, 'the clone begins'],
  [/Trying \S+ for clone/, 'backups are listed'],
  [/cloning cluster \S+ using wal-g backup-fetch/, FETCHING],
  [/Finished (?:decompression\/)?extraction of part_/, FETCHING],
  [/Backup extraction complete/, FETCHING],
  [/Trying to perform point-in-time recovery/, REPLAYING],
  [/rejecting connections/, REPLAYING],
  [/running post_bootstrap/, 'roles and extensions are made'],
  [/initialized a new cluster/, 'the cluster is initialized'],
];

/** Wrong whenever they are seen. */
const WRONG: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/Cloning with WAL-E is only possible|Clone method is set to basebackup, but/, 'it would make a new, empty database'],
  [/trying to bootstrap \(without leader\)/, 'it restores the newest backup and all WAL, without the target'],
  [/Retrying point-in-time recovery without target/, 'it has dropped the target'],
  [/recovery ended before configured recovery target was reached/, 'the WAL that it found does not reach the target'],
  [/Could not find any backups|Can not find any backups/i, 'it finds no backup to restore'],
  [/Clone failed/, 'the clone has failed'],
  [/Failed to bootstrap cluster|removing initialize key after failed attempt/, 'the bootstrap has failed'],
  [/not empty, but system ID is invalid/, 'what an earlier attempt has left is in the way'],
  [/system ID mismatch/, 'it is another cluster'],
  [/exceeded maximum number of restarts/, 'Patroni has been given up'],
];

/** One more line. */
export function seenLine(sight: CloneSight, line: string): CloneSight {
  if (sight.wrong !== undefined) return sight;
  const found = WRONG.find(([pattern]) => pattern.test(line));
  if (found !== undefined) return wrong(sight, found[1], line);
  // A restore that is begun anew on half of its data goes on without the target.
  if (!sight.isInitialized && /starting as a secondary/.test(line))
    return wrong(sight, 'it goes on with data of an earlier start, without the target', line);
  const phase = PHASES.find(([pattern]) => pattern.test(line))?.[1] ?? sight.phase;
  const hasBegun = sight.hasBegun || /Running custom bootstrap script/.test(line);
  const isInitialized = sight.isInitialized || /initialized a new cluster/.test(line);
  const next = { ...sight, phase, hasBegun, isInitialized };
  return isInitialized && !hasBegun ? wrong(next, 'it has made a new, empty database', line) : next;
}

function wrong(sight: CloneSight, why: string, line: string): CloneSight {
  return { ...sight, wrong: `${why} (its log: ${JSON.stringify(line.trim().slice(0, 200))})` };
}
