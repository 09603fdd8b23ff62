/**
 * Commands of WAL-G's command line, as `walkback wal-g` and a link called `wal-g` take them.
 *
 * They are kept apart from our own commands because scripts depend on their letter: the flags, what goes to standard
 * output, and the exit codes are WAL-G's. What they do is ours: the same use cases, with the same refusals.
 *
 * Source: WAL-G `cmd/pg/*.go`.
 *
 * @module
 */

import type { Settings } from '../../config/load-settings.ts';
import type { SettingName } from '../../config/settings.ts';
import type { Listener } from '../exit-code.ts';
import type { Streams } from '../streams.ts';
import type { WalgLog } from './walg-log.ts';

/** One flag of a command. */
export interface WalgFlag {
  /** One letter, for `-f`. */
  readonly short?: string;
  /** The type of its value as help shows it; without one it is given or not. */
  readonly takes?: 'string' | 'strings' | 'uint32';
  readonly summary: string;
  /** Said when it is given: it is accepted for scripts, and changes nothing here. */
  readonly withoutEffect?: string;
}

/** What the command line gave. */
export interface WalgGiven {
  readonly operands: readonly string[];
  /** Flags with a value, by long name. */
  readonly values: ReadonlyMap<string, string>;
  /** Flags that are given or not, and are given. */
  readonly flags: ReadonlySet<string>;
}

/** What a command works with. */
export interface WalgSession {
  readonly settings: Settings;
  readonly log: WalgLog;
  readonly streams: Streams;
  readonly signal: AbortSignal;
  /** The settings with some said otherwise. */
  readonly settingsWith: (others: ReadonlyMap<SettingName, string>) => Promise<Settings>;
  /** Settings as another file of WAL-G's tells them, for commands that work on two archives. */
  readonly settingsOf: (configPath: string) => Promise<Settings>;
}

/** One command. */
export interface WalgCommand {
  /** `delete before`. */
  readonly words: string;
  readonly summary: string;
  /** The operands as help shows them. */
  readonly usage: string;
  readonly flags: Readonly<Record<string, WalgFlag>>;
  /** Fewest and most operands. */
  readonly operands: readonly [number, number];
  readonly listener: Listener;
  /** Not in the list of commands. */
  readonly isHidden?: true;
  /** Does it, and answers the exit code. */
  readonly run: (given: WalgGiven, session: WalgSession) => Promise<number>;
}

/** The flag that most commands of WAL-G have for its failover storages. */
export const TARGET_STORAGE: WalgFlag = {
  takes: 'string',
  summary:
    'Name of the storage to use: "default" or, for reading, one of the failover storages; all are read unless given',
};
