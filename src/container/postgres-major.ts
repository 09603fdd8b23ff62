/**
 * Which PostgreSQL runs: that of the data directory if it holds one, otherwise PGVERSION, otherwise the newest.
 *
 * Spilo takes the newest without a word when PGVERSION is not installed, and starts whatever it has on data that it has
 * no programs for; here both are refused (F-16).
 *
 * Source: Spilo `configure_spilo.py` (`main`, the part about `bin_dir`).
 *
 * @module
 */

import type { InstalledMajor } from './container-facts.ts';
import type { Reading } from './reading.ts';

/** What runs. */
export interface ChosenMajor extends InstalledMajor {
  /** The data directory holds a cluster already. */
  readonly hasData: boolean;
  /** By the data, PGVERSION or `postgresql.bin_dir`; otherwise it is the newest that there is. */
  readonly isMajorNamed: boolean;
}

function listed(installed: readonly InstalledMajor[]): string {
  return installed.length === 0 ? 'none is installed' : installed.map(({ major }) => major).join(', ');
}

function ofData(reading: Reading, installed: readonly InstalledMajor[], version: string): InstalledMajor | undefined {
  const found = installed.find(({ major }) => String(major) === version);
  if (found === undefined)
    reading.refuse({
      of: 'the data directory',
      found: `it is of PostgreSQL ${version}, and this image has ${listed(installed)}`,
      remedy: `Start an image that has PostgreSQL ${version}. To move the data to another major, restore a backup with CLONE_METHOD and the newer PGVERSION.`,
    });
  return found;
}

function ofVariable(reading: Reading, installed: readonly InstalledMajor[]): InstalledMajor | undefined {
  const version = reading.get('PGVERSION');
  if (version === undefined) return installed.at(-1);
  const found = installed.find(({ major }) => String(major) === version);
  if (found === undefined)
    reading.refuse({
      of: 'PGVERSION',
      found: `PostgreSQL ${version} is not in this image, which has ${listed(installed)}`,
      remedy: 'Set PGVERSION to one of these, or take another image.',
    });
  return found;
}

/**
 * The major that runs, and its programs. `binDirectory` is `postgresql.bin_dir` of SPILO_CONFIGURATION, if that has it: it
 * counts where the data directory is empty.
 */
export function chooseMajor(reading: Reading, binDirectory: string | undefined): ChosenMajor {
  const installed = reading.facts.installed.toSorted((a, b) => a.major - b.major);
  const version = reading.facts.dataVersion;
  const named = binDirectory?.replace(/(?<=.)\/+$/, '');
  const ofDirectory = installed.find((one) => one.binDirectory === named);
  if (named !== undefined && ofDirectory === undefined)
    reading.refuse({
      of: 'SPILO_CONFIGURATION',
      found: `postgresql.bin_dir is ${named}, where no PostgreSQL of this image is`,
      remedy: `Take bin_dir out and set PGVERSION; installed: ${listed(installed)}.`,
    });
  if (installed.length === 0)
    reading.refuse({
      of: 'this image',
      found: 'no PostgreSQL is installed in it',
      remedy: 'Install one under /usr/lib/postgresql/MAJOR/bin.',
    });
  const chosen =
    version === undefined ? (ofDirectory ?? ofVariable(reading, installed)) : ofData(reading, installed, version);
  if (version !== undefined && reading.get('PGVERSION') !== undefined && reading.get('PGVERSION') !== version)
    reading.warn(
      `PGVERSION is ${reading.get('PGVERSION') ?? ''}, and the data directory is of PostgreSQL ${version}: that is started`,
    );
  const isMajorNamed = version !== undefined || ofDirectory !== undefined || reading.get('PGVERSION') !== undefined;
  return { ...(chosen ?? { major: 0, binDirectory: '' }), hasData: version !== undefined, isMajorNamed };
}
