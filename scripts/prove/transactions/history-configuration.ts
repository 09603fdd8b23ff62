/**
 * How the cluster of one seed is set up: seeds that follow each other go through the majors, then through the settings.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { MAJORS } from '../../../tests/support/postgres.ts';

/** Debian's server of 15 is built with lz4 and zstd for full-page images; the embedded ones are not. */
export const DEBIAN_15_BIN = '/usr/lib/postgresql/15/bin';

/** One set-up. */
export interface HistoryConfiguration {
  readonly major: number;
  /** The server's programs, if not the embedded ones. */
  readonly bin: string | undefined;
  readonly walLevel: 'replica' | 'logical';
  readonly walCompression: 'off' | 'pglz' | 'lz4' | 'zstd';
  readonly segmentSizeMib: 1 | 16 | 64;
  /** Who wrote the index objects, if they are there when the log is read. */
  readonly index: 'none' | 'agent' | 'command';
  /** `snapshot`: the archive begins with a backup. `followed`: it has all WAL of the cluster, and no snapshot. */
  readonly names: 'snapshot' | 'followed';
  readonly stop: 'fast' | 'immediate' | undefined;
}

/** True if images can be compressed with lz4 and zstd on this machine. */
export function hasDebian15(): boolean {
  return existsSync(join(DEBIAN_15_BIN, 'postgres'));
}

function at<T>(choices: readonly [T, ...T[]], index: number): T {
  return choices[Math.floor(index) % choices.length] ?? choices[0];
}

function compressionOf(major: number, turn: number): HistoryConfiguration['walCompression'] {
  if (major === 15 && hasDebian15()) return at(['off', 'pglz', 'lz4', 'zstd'], turn / 2);
  return at(['off', 'pglz'], turn / 2);
}

/** The set-up of a seed. */
export function historyConfiguration(seed: number): HistoryConfiguration {
  const [first = 14, ...others] = MAJORS;
  const major = at([first, ...others], seed);
  const turn = Math.floor(seed / MAJORS.length);
  const walCompression = compressionOf(major, turn);
  return {
    major,
    bin: walCompression === 'lz4' || walCompression === 'zstd' ? DEBIAN_15_BIN : undefined,
    walLevel: at(['replica', 'logical'], turn),
    walCompression,
    segmentSizeMib: at([1, 16, 64], turn),
    index: at(['none', 'agent', 'command'], turn / 3),
    names: at(['snapshot', 'followed'], turn / 4),
    stop: at([undefined, 'immediate', 'fast'], turn / 2),
  };
}

/** In one line. */
export function configurationText(given: HistoryConfiguration): string {
  const { major, walLevel, walCompression, segmentSizeMib, index, names, stop } = given;
  const stopped = stop === undefined ? '' : `, stopped (${stop})`;
  return (
    `PostgreSQL ${major}, wal_level ${walLevel}, wal_compression ${walCompression}, segments of ${segmentSizeMib} MiB, ` +
    `index by ${index}, names by ${names === 'snapshot' ? 'snapshot' : 'following pg_class'}${stopped}`
  );
}
