/**
 * Patroni for tests, from PyPI, each version in a virtual environment of its own in a cache outside the project.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from '../postgres.ts';
import { cacheFolder, isOnPath, makeOnce } from '../programs.ts';

/** What tests run with. 3.0.2 is what Debian 12 and Spilo 3.0 have; the others are the newest of their line. */
export const PATRONI_VERSIONS = { '3.0': '3.0.2', '4.0': '4.0.11', '4.1': '4.1.5' } as const;

/** A line of Patroni's releases. */
export type PatroniVersion = keyof typeof PATRONI_VERSIONS;

/** What Patroni stands on, as it was when these versions were tried. */
const WITH = ['psycopg2-binary==2.9.13', 'python-etcd==0.4.5', 'urllib3==2.8.0', 'PyYAML==6.0.4', 'click==8.5.1'];

/** The programs of one Patroni. */
export interface PatroniPrograms {
  readonly version: string;
  /** The daemon. */
  readonly patroni: string;
  readonly patronictl: string;
  /** The interpreter that can import `patroni`. */
  readonly python: string;
}

/** Installs it if it is not there. `undefined`, and said so, where Python cannot make virtual environments. */
export async function ensurePatroni(line: PatroniVersion): Promise<PatroniPrograms | undefined> {
  const version = PATRONI_VERSIONS[line];
  const folder = join(cacheFolder(), `patroni-${version}`);
  if (!isOnPath('python3', ['-m', 'venv', '--help'])) {
    process.stderr.write('SKIPPED: tests against a real Patroni, since there is no python3 with venv to install it\n');
    return undefined;
  }
  await makeOnce(folder, async () => {
    process.stderr.write(`installing patroni ${version} into ${cacheFolder()} (once) …\n`);
    // A virtual environment holds its own path, so it is made in place, and taken away again if it fails.
    try {
      await runProgram('python3', ['-m', 'venv', folder]);
      await runProgram(join(folder, 'bin', 'pip'), ['install', '--quiet', `patroni[etcd3]==${version}`, ...WITH]);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  });
  const at = (program: string): string => join(folder, 'bin', program);
  return { version, patroni: at('patroni'), patronictl: at('patronictl'), python: at('python3') };
}
