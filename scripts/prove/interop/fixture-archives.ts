/**
 * The archives that WAL-G wrote (`fixtures/walg/`), and what a recovery from each must give.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fixtureEnvironment } from '../../../tests/support/fixture-archive.ts';
import { ROOT } from '../../toolchain.mjs';

/** Every table of a moment: its number of rows, and the MD5 of its rows as text, sorted, joined with newlines. */
export type ExpectedTables = Readonly<Record<string, { readonly rows: number; readonly md5: string }>>;

/** A moment that WAL-G itself recovered when the archive was captured. */
export interface ExpectedMoment {
  /** What came before it: `after work`, `after full backup` … */
  readonly why: string;
  readonly xid: number;
  readonly timeline: number;
  readonly tables: ExpectedTables;
}

/** One archive. */
export interface FixtureArchive {
  readonly name: string;
  readonly major: number;
  /** The archive's folder. */
  readonly path: string;
  /** WAL-G's settings that it is read with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly moments: readonly ExpectedMoment[];
}

/** Folders with archives: the project's, and one named by `MORE_FIXTURES` (with the same layout). */
function folders(): string[] {
  const more = process.env['MORE_FIXTURES'];
  return [join(ROOT, 'fixtures/walg'), ...(more === undefined ? [] : [more])];
}

interface ExpectedFile {
  readonly postgres_major: number;
  readonly moments: readonly ExpectedMoment[];
}

async function readArchive(folder: string, name: string): Promise<FixtureArchive> {
  const expected: ExpectedFile = JSON.parse(await readFile(join(folder, name, 'expected.json'), 'utf8'));
  const environment = await fixtureEnvironment(name, folder);
  const { postgres_major: major, moments } = expected;
  return { name, major, path: join(folder, name, 'archive'), environment, moments };
}

/** True if a backup had been taken by then; before the first there is none to start from. */
export function isWithinReach(archive: FixtureArchive, moment: ExpectedMoment): boolean {
  const firstBackup = archive.moments.findIndex(({ why }) => why === 'after full backup');
  return firstBackup !== -1 && archive.moments.indexOf(moment) >= firstBackup;
}

/** All archives, whatever their compression and encryption. */
export async function fixtureArchives(): Promise<FixtureArchive[]> {
  const found = new Map<string, FixtureArchive>();
  for (const folder of folders()) {
    for (const name of await readdir(folder)) {
      if (/^pg\d+-/.test(name) && !found.has(name)) found.set(name, await readArchive(folder, name));
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
