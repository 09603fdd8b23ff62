/**
 * The list of transactions equals what SQL reported, row for row.
 *
 * Seed `s` is a cluster of its own on major 14 + s mod 5, with a workload of its own; settings, segment size, index and
 * source of the names go with the seed. See `tests/support/history-workload.ts` for what the workload does.
 *
 * @module
 */

import { compareHistory } from '../../tests/support/history-compare.ts';
import type { Proof, ProofRun } from './proof.ts';
import { archiveHistory } from './transactions/archived-history.ts';
import { configurationText, hasDebian15, historyConfiguration } from './transactions/history-configuration.ts';
import { readLog, runWalkback } from './transactions/read-log.ts';

const TRANSACTIONS_PER_SEED = 1000;
const SHOWN_DIFFERENCES = 40;

interface Tried {
  readonly major: number;
  readonly transactions: number;
  readonly differences: readonly string[];
}

async function trySeed(seed: number, log: ProofRun['log']): Promise<Tried> {
  const configuration = historyConfiguration(seed);
  await using archived = await archiveHistory(seed, TRANSACTIONS_PER_SEED, configuration);
  const { archive, history, fromLsn } = archived;
  if (configuration.index === 'command') await runWalkback(archive, 'history', 'index');
  const { transactions, end } = await readLog(archive);
  const differences = compareHistory(history, transactions, fromLsn);
  if (end.kind !== 'endOfArchive') differences.push(`the log ended with ${end.kind}`);
  const counted = history.transactions.length;
  log(`${seed}: ${configurationText(configuration)}: ${counted} transactions, ${differences.length} differences`);
  for (const difference of differences.slice(0, SHOWN_DIFFERENCES)) log(`${seed}:   ${difference}`);
  return { major: configuration.major, transactions: counted, differences };
}

/** The proof. */
export const proof: Proof = {
  name: 'transactions',
  shows: 'walkback log equals what SQL reported of a random workload, row for row, on PostgreSQL 14 to 18',
  defaultCount: 1,
  run: async ({ seed, count, log }) => {
    if (!hasDebian15()) log("SKIPPED: wal_compression lz4 and zstd: Debian's PostgreSQL 15 is not on this machine");
    const byMajor = new Map<number, number>();
    let differences = 0;
    for (let one = seed; one < seed + count; one++) {
      const tried = await trySeed(one, log);
      byMajor.set(tried.major, (byMajor.get(tried.major) ?? 0) + tried.transactions);
      differences += tried.differences.length;
    }
    const counts = [...byMajor].toSorted(([a], [b]) => a - b).map(([major, sum]) => `${sum} on ${major}`);
    return { holds: differences === 0, figure: `${counts.join(', ')} transactions: ${differences} differences` };
  },
};
