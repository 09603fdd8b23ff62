import { describe, expect, it } from 'vitest';

import { archiveHistory } from '../../scripts/prove/transactions/archived-history.ts';
import type { HistoryConfiguration } from '../../scripts/prove/transactions/history-configuration.ts';
import { readLog } from '../../scripts/prove/transactions/read-log.ts';
import { compareHistory } from '../support/history-compare.ts';

const common = { bin: undefined, segmentSizeMib: 1 } as const;

/** The proof `transactions` runs many more of these. */
const SETUPS: readonly HistoryConfiguration[] = [
  {
    ...common,
    major: 14,
    walLevel: 'replica',
    walCompression: 'pglz',
    index: 'none',
    names: 'followed',
    stop: 'immediate',
  },
  {
    ...common,
    major: 18,
    walLevel: 'logical',
    walCompression: 'off',
    index: 'agent',
    names: 'snapshot',
    stop: undefined,
  },
];

describe('walkback log of a random workload', () => {
  it.each(SETUPS)('is what SQL reported on PostgreSQL $major at wal_level $walLevel', async (setup) => {
    await using archived = await archiveHistory(setup.major, 300, setup);
    const { transactions, end } = await readLog(archived.archive);
    expect(compareHistory(archived.history, transactions, archived.fromLsn)).toEqual([]);
    expect(end.kind).toBe('endOfArchive');
  });
});
