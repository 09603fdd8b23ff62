/**
 * How PostgreSQL's own tools call resource managers, for messages and statistics.
 *
 * Source: `src/include/access/rmgrlist.h`.
 *
 * @module
 */

/** By number, 0 to 21. */
const RESOURCE_MANAGER_NAMES: readonly string[] = [
  'XLOG',
  'Transaction',
  'Storage',
  'CLOG',
  'Database',
  'Tablespace',
  'MultiXact',
  'RelMap',
  'Standby',
  'Heap2',
  'Heap',
  'Btree',
  'Hash',
  'Gin',
  'Gist',
  'Sequence',
  'SPGist',
  'BRIN',
  'CommitTs',
  'ReplicationOrigin',
  'Generic',
  'LogicalMessage',
];

/** The name of a resource manager; an extension's are called `custom128` and so on, as `pg_waldump` does. */
export function resourceManagerName(id: number): string {
  return RESOURCE_MANAGER_NAMES[id] ?? `custom${String(id).padStart(3, '0')}`;
}
