/**
 * Settings that replay needs at least, from more than one source.
 *
 * @module
 */

import type { RequiredSettings } from '../postgres/wal-records/wal-event.ts';

/** The larger of each. */
export function mergeRequired(one: RequiredSettings, other: RequiredSettings): RequiredSettings {
  return {
    maxConnections: Math.max(one.maxConnections, other.maxConnections),
    maxWorkerProcesses: Math.max(one.maxWorkerProcesses, other.maxWorkerProcesses),
    maxWalSenders: Math.max(one.maxWalSenders, other.maxWalSenders),
    maxPreparedTransactions: Math.max(one.maxPreparedTransactions, other.maxPreparedTransactions),
    maxLocksPerTransaction: Math.max(one.maxLocksPerTransaction, other.maxLocksPerTransaction),
  };
}
