/**
 * The archives in `fixtures/walg`, opened with the settings that WAL-G wrote them with.
 *
 * @module
 */

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openArchive, type Archive } from '../../src/app/open-archive.ts';
import { loadSettings } from '../../src/config/load-settings.ts';

/** The folder of them all. */
export const FIXTURES = join(import.meta.dirname, '../../fixtures/walg');

/** Their names. */
export function fixtureNames(): string[] {
  return readdirSync(FIXTURES).filter((name) => /^pg\d+-/.test(name));
}

/** The environment in which WAL-G wrote an archive, but for where it is. @param folder that of the fixture's folder. */
export async function fixtureEnvironment(name: string, folder = FIXTURES): Promise<Record<string, string>> {
  const file: unknown = JSON.parse(await readFile(join(folder, name, 'expected.json'), 'utf8'));
  const settings = typeof file === 'object' && file !== null && 'settings' in file ? file.settings : {};
  const environment: Record<string, string> = {};
  for (const [variable, value] of Object.entries(settings ?? {})) {
    if (/^WALG_(COMPRESSION|LIBSODIUM|PGP)/.test(variable)) {
      environment[variable] = variable.endsWith('_PATH') ? join(folder, String(value)) : String(value);
    }
  }
  return environment;
}

/** Opens an archive at `path`, which is that of the fixture or of a copy. */
export async function openFixture(name: string, path = join(FIXTURES, name, 'archive')): Promise<Archive> {
  const environment = { ...(await fixtureEnvironment(name)), WALKBACK_ARCHIVE: path };
  return openArchive(await loadSettings({ environment, workingDirectory: '/' }));
}
