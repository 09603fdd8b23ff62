/**
 * Where the entry of a tar goes, or that it goes nowhere.
 *
 * Names come from an archive and are not trusted: one that is absolute twice over, climbs with `..`, or holds an empty
 * part is refused. Nothing is ever written through a link of the archive's making, because none is made; a tablespace's
 * files are written to its place directly. That place may be named by the archive too, so nothing goes there but what the
 * server keeps there. `pg_control` goes to another name, see {@link HIDDEN_CONTROL_FILE}.
 *
 * Source: WAL-G `internal/databases/postgres/tar_interpreter.go` (names with and without a leading slash); PostgreSQL
 * `src/include/common/relpath.h` (`TABLESPACE_VERSION_DIRECTORY`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** Where things go. */
export interface RestorePlace {
  readonly destination: string;
  /** Tablespaces by oid; others in `pg_tblspc` are directories in the data directory. */
  readonly tablespaceLocations: ReadonlyMap<number, string>;
}

const TABLESPACE = /^pg_tblspc\/(\d+)(?:\/(.+))?$/s;
/** Of whichever servers: `pg_upgrade` leaves the old one's beside the new one's. */
const VERSION_DIRECTORY = /^PG_\d+(?:\.\d+)?_\d+(?:\/|$)/;

/**
 * An entry's name in the one form used here: relative, without leading `/` or `./`, without a slash at the end; the data
 * directory itself is the empty name.
 *
 * @throws {Failure} `corrupt` for a name that would lead out of the data directory.
 */
export function normalizeEntryName(name: string, object: string): string {
  const relative = name.replace(/^(?:\.?\/)?/, '').replace(/\/$/, '');
  if (relative === '' || relative === '.') return '';
  const isSafe = relative.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (isSafe && !relative.includes('\0')) return relative;
  throw new Failure('corrupt', {
    message: `cannot restore from ${object}: the name ${JSON.stringify(name)} leads out of the data directory`,
    remedy: 'Do not use this backup: somebody has changed it, or another program wrote it.',
  });
}

/** Without it no server starts. */
export const CONTROL_FILE = 'global/pg_control';
/** The name it has until everything else is on disk. */
export const HIDDEN_CONTROL_FILE = 'global/pg_control.walkback';

/** True for what is taken from objects of their own, or dropped, and never listed with care. */
export function isOfOwnObject(name: string): boolean {
  return name === CONTROL_FILE || name === 'backup_label' || name === 'tablespace_map';
}

/**
 * True for what lies in the folder of a tablespace and is no server's: `lost+found`, which WAL-G stores as well, or what
 * somebody wants to have there.
 */
export function isForeignInTablespace(name: string): boolean {
  const [, , rest] = TABLESPACE.exec(name) ?? [];
  return rest !== undefined && !VERSION_DIRECTORY.test(rest);
}

/** True for the folder of a tablespace itself. */
export function isTablespaceFolder(name: string): boolean {
  const [isTablespace, , rest] = TABLESPACE.exec(name) ?? [];
  return isTablespace !== undefined && rest === undefined;
}

/** The path that a normalized name is written to. */
export function restoredPath(name: string, place: RestorePlace): string {
  if (name === CONTROL_FILE) return `${place.destination}/${HIDDEN_CONTROL_FILE}`;
  const [, oid, rest] = TABLESPACE.exec(name) ?? [];
  const location = oid === undefined ? undefined : place.tablespaceLocations.get(Number(oid));
  if (location !== undefined) return rest === undefined ? location : `${location}/${rest}`;
  return name === '' ? place.destination : `${place.destination}/${name}`;
}
