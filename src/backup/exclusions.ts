/**
 * What of a data directory is not copied into a backup.
 *
 * Everything that the server makes anew when it starts, or that would mislead the restored one. Directories that are
 * left out keep their own entry, empty, because the server does not make them. Names at the top of the data directory
 * are only excluded there: a directory called `log` deeper down is the user's.
 *
 * Source: WAL-G `internal/databases/postgres/bundle.go` (`ExcludedFilenames`); PostgreSQL
 * `src/backend/backup/basebackup.c` (`excludeDirContents`, `excludeFiles`, unlogged and temporary relations).
 *
 * @module
 */

const TOP_DIRECTORIES = new Set([
  'log',
  'pg_log',
  'pg_xlog',
  'pg_wal',
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_stat_tmp',
  'pg_snapshots',
  'pg_subtrans',
]);

const TOP_FILES = new Set([
  'postgresql.auto.conf.tmp',
  'current_logfiles.tmp',
  'postmaster.pid',
  'postmaster.opts',
  'recovery.conf',
  'recovery.signal',
  'standby.signal',
  'backup_label',
  'backup_label.old',
  'tablespace_map',
  'tablespace_map.old',
  'backup_manifest',
]);

const TEMPORARY_RELATION = /^t\d+_\d+(?:_(?:fsm|vm|init))?(?:\.\d+)?$/;
const RELATION = /^(\d+)(?:_(fsm|vm|init))?(?:\.(\d+))?$/;

/** A file of a relation: `16384`, `16384_fsm`, `16384.1`. */
export interface RelationFileName {
  readonly fileNode: string;
  readonly fork: 'main' | 'fsm' | 'vm' | 'init';
  /** Which piece of the fork it is (1 GiB each, as usually built), from 0. */
  readonly segmentNumber: number;
}

/** Reads the base name of a relation's file; `undefined` if it is none. */
export function parseRelationFileName(baseName: string): RelationFileName | undefined {
  const [, fileNode, fork = 'main', segment = '0'] = RELATION.exec(baseName) ?? [];
  if (fileNode === undefined) return undefined;
  const known = fork === 'fsm' || fork === 'vm' || fork === 'init' ? fork : 'main';
  return { fileNode, fork: known, segmentNumber: Number(segment) };
}

/** True if the contents of this directory at the top of the data directory are left out (also if it is a link). */
export function isEmptiedTopDirectory(baseName: string): boolean {
  return TOP_DIRECTORIES.has(baseName);
}

/** True if this directory, anywhere, holds only temporary files. */
export function isTemporaryDirectory(baseName: string): boolean {
  return baseName === 'pgsql_tmp';
}

/** True if this file at the top of the data directory is left out. */
export function isExcludedTopFile(baseName: string): boolean {
  return TOP_FILES.has(baseName);
}

/** True if a file of this name is left out wherever it is: caches and temporary files. */
export function isExcludedFile(baseName: string): boolean {
  return (
    baseName.startsWith('pg_internal.init') || baseName.startsWith('pgsql_tmp') || TEMPORARY_RELATION.test(baseName)
  );
}

/**
 * The relations of one directory that are unlogged: those with an `init` fork. After a crash or a restore the server
 * makes their other forks anew from it.
 */
export function unloggedFileNodes(baseNames: readonly string[]): ReadonlySet<string> {
  const unlogged = new Set<string>();
  for (const baseName of baseNames) {
    const relation = parseRelationFileName(baseName);
    if (relation?.fork === 'init') unlogged.add(relation.fileNode);
  }
  return unlogged;
}

/** True if this file is a fork of an unlogged relation that the server makes anew. */
export function isUnloggedContent(baseName: string, unlogged: ReadonlySet<string>): boolean {
  const relation = parseRelationFileName(baseName);
  return relation !== undefined && relation.fork !== 'init' && unlogged.has(relation.fileNode);
}
