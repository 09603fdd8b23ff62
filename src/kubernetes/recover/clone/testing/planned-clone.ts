/**
 * A planned clone for tests of what is made of it.
 *
 * @module
 */

import type { PlannedClone } from '../../plan-value.ts';

/** To just before what was committed at 2026-06-05 15:02:11.620113 UTC. */
export const plannedClone: PlannedClone = {
  container: 'patroni',
  variables: {
    CLONE_METHOD: 'CLONE_WITH_WALE',
    CLONE_SCOPE: 'shop',
    CLONE_USE_WALG_RESTORE: 'true',
    CLONE_WALG_GS_PREFIX: 'gs://b/shop',
    CLONE_TARGET_TIME: '2026-06-05 15:02:11.620112+00:00',
    CLONE_TARGET_TIMELINE: '1',
    PGVERSION: '17',
  },
  copied: ['GOOGLE_APPLICATION_CREDENTIALS', 'WALG_LIBSODIUM_KEY'],
  archive: { from: 'gs://b/shop', to: 'gs://b/shop-7f3a', variables: { WALE_GS_PREFIX: 'gs://b/shop-7f3a' } },
  targetTimeUs: '1780671731620112',
  stopLsn: '0/5100000',
};
