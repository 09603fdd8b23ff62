/**
 * Settings of delta backups.
 *
 * Source of the other names: WAL-G's `internal/config/config.go`. WAL-G takes a word that is no number for 0; here it is an
 * error.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { choice, integer, text } from './value-kind.ts';

/** Settings of backups that hold only what has changed since another. */
export const DELTA_SETTINGS = {
  deltaMaxSteps: {
    group: 'writing',
    kind: integer(0, 1000),
    summary:
      'How many delta backups may follow each other before a full one is due. 0: backups are full, unless a delta is asked for.',
    default: '0',
    example: '6',
    alsoFrom: ['WALG_DELTA_MAX_STEPS'],
  },
  deltaOrigin: {
    group: 'writing',
    kind: choice(['LATEST', 'LATEST_FULL']),
    summary: 'What a delta backup builds on: the latest backup, or the full one that the latest builds on.',
    default: 'LATEST',
    example: 'LATEST_FULL',
    alsoFrom: ['WALG_DELTA_ORIGIN'],
  },
  deltaFromName: {
    group: 'writing',
    kind: text,
    summary: 'The backup that a delta builds on, and no other. It is refused, not made full, where that cannot be.',
    example: 'base_000000010000000000000002',
    alsoFrom: ['WALG_DELTA_FROM_NAME'],
  },
  deltaFromUserData: {
    group: 'writing',
    kind: text,
    summary: 'The same by the user data that the backup was pushed with: JSON, or text that stands for itself.',
    example: '{"ticket": 7}',
    alsoFrom: ['WALG_DELTA_FROM_USER_DATA'],
  },
} satisfies Readonly<Record<string, Setting>>;
