import { describe, expect, it } from 'vitest';

import { NOTHING_SEEN, seenLine } from './clone-log.ts';

/** What Spilo prints while a restore goes well. Source: the log of a run of Patroni 4.0.4 with Spilo's scripts. */
const WELL = [
  '2022-06-06 10:00:01,000 INFO: Lock owner: None; I am shop-0',
  '2022-06-06 10:00:01,100 INFO: trying to bootstrap a new cluster',
  '2022-06-06 10:00:01,200 INFO: Running custom bootstrap script: envdir "/run/etc/wal-e.d/env-clone-shop" python3 /scripts/clone_with_wale.py --recovery-target-time="2022-06-05 15:02:11.620112+00:00"',
  'INFO - Trying gs://b/shop for clone',
  'INFO - cloning cluster shop using wal-g backup-fetch /home/postgres/pgdata/pgroot/data base_000000010000000000000002',
  'INFO: 2022/06/06 10:00:03.000000 Finished decompression/extraction of part_003.tar.lz4',
  'INFO: 2022/06/06 10:00:04.000000 Backup extraction complete.',
  'INFO - Trying to perform point-in-time recovery',
  '/var/run/postgresql:5432 - rejecting connections',
  'ERROR: Cannot start PostgreSQL because one is already running.',
  '2022-06-06 10:00:11,000 INFO: not healthy enough for leader race',
  '2022-06-06 10:00:12,000 INFO: running post_bootstrap',
  '2022-06-06 10:00:14,000 INFO: initialized a new cluster',
];

describe('the log of a clone', () => {
  it('is followed to its end', () => {
    const phases = WELL.map((_line, index) => WELL.slice(0, index + 1).reduce(seenLine, NOTHING_SEEN).phase);
    expect(phases.at(4)).toBe('the backup is fetched');
    expect(phases.at(8)).toBe('WAL is replayed');
    expect(WELL.reduce(seenLine, NOTHING_SEEN)).toEqual({
      phase: 'the cluster is initialized',
      hasBegun: true,
      isInitialized: true,
      wrong: undefined,
    });
  });

  it.each([
    ['WARNING - Cloning with WAL-E is only possible when CLONE_WALE_*_PREFIX', /new, empty database/],
    ['INFO: trying to bootstrap (without leader)', /without the target/],
    ['INFO - Retrying point-in-time recovery without target', /dropped the target/],
    ['ERROR - Clone failed', /the clone has failed/],
    ['INFO: removing initialize key after failed attempt to bootstrap the cluster', /the bootstrap has failed/],
    ['data dir for the cluster is not empty, but system ID is invalid; consider doing reinitialize', /in the way/],
    ['INFO: starting as a secondary', /earlier start/],
    ['INFO: initialized a new cluster', /new, empty database/],
  ])('%s: the attempt is void', (line, why) => {
    expect([line, ...WELL].reduce(seenLine, NOTHING_SEEN).wrong).toMatch(why);
  });

  it('may say afterwards that Patroni starts it as a secondary', () => {
    expect([...WELL, 'INFO: starting as a secondary'].reduce(seenLine, NOTHING_SEEN).wrong).toBeUndefined();
  });
});
