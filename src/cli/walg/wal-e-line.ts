/**
 * WAL-E's command line in WAL-G's words: WAL-G came after WAL-E, and scripts that begin with `wal-e` are still about (Patroni's
 * `wale_restore.py`, Spilo's where it is not told to use WAL-G).
 *
 * What both have is called alike, but for flags; `backup-list` prints other columns, so it is a command of its own.
 *
 * Source: WAL-E `wal_e/cmd.py` (`build_parser`).
 *
 * @module
 */

import { WalgUsageError } from './parse-walg-arguments.ts';

/** What a flag of WAL-E becomes: nothing, the same or another flag, with the value it takes. */
type Flag = { readonly takes: boolean; readonly become: (value: string) => readonly string[] };

const NOTHING: Flag = { takes: false, become: () => [] };
const NOTHING_WITH_VALUE: Flag = { takes: true, become: () => [] };

/** A setting of WAL-G's, as its flag. */
const setting = (name: string): Flag => ({ takes: true, become: (value) => [`--${name}=${value}`] });
const same = (name: string): Flag => ({ takes: false, become: () => [`--${name}`] });

/** Before the command. What a pod or machine may is found without a flag here. */
const GLOBAL: Readonly<Record<string, Flag>> = {
  '--aws-access-key-id': setting('aws-access-key-id'),
  '-k': setting('aws-access-key-id'),
  '--aws-instance-profile': NOTHING,
  '--file-prefix': setting('wale-file-prefix'),
  '--gpg-key-id': setting('wale-gpg-key-id'),
  '--gs-prefix': setting('wale-gs-prefix'),
  '--s3-prefix': setting('wale-s3-prefix'),
  '--terse': NOTHING,
  '--help': same('help'),
  '-h': same('help'),
};

/** Segments that are fetched ahead, of which WAL-G fetches one at least. */
const PREFETCH: Flag = {
  takes: true,
  become: (value) => [`--walg-download-concurrency=${value === '0' ? '1' : value}`],
};

interface Command {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
}

const DELETE: Readonly<Record<string, Flag>> = { '--confirm': same('confirm') };

const COMMANDS: Readonly<Record<string, Command>> = {
  'backup-fetch': {
    words: ['backup-fetch'],
    flags: {
      '--blind-restore': NOTHING,
      // "SOURCE" is where tablespaces go anyway.
      '--restore-spec': { takes: true, become: (value) => (value === 'SOURCE' ? [] : [`--restore-spec=${value}`]) },
      '--pool-size': setting('walg-download-concurrency'),
      '-p': setting('walg-download-concurrency'),
    },
  },
  'backup-list': { words: ['wal-e-backup-list'], flags: { '--detail': same('detail') } },
  'backup-push': {
    words: ['backup-push'],
    flags: {
      '--cluster-read-rate-limit': setting('walg-disk-rate-limit'),
      '--pool-size': setting('walg-upload-concurrency'),
      '-p': setting('walg-upload-concurrency'),
    },
  },
  delete: { words: ['delete'], flags: DELETE },
  'wal-fetch': { words: ['wal-fetch'], flags: { '--prefetch': PREFETCH, '-p': PREFETCH } },
  'wal-push': { words: ['wal-push'], flags: { '--pool-size': NOTHING_WITH_VALUE, '-p': NOTHING_WITH_VALUE } },
};

/** Takes flags off the front and from between operands, and gives each as WAL-G has it. */
class Line {
  readonly #waiting: string[];

  constructor(args: readonly string[]) {
    this.#waiting = [...args];
  }

  next(): string | undefined {
    return this.#waiting.shift();
  }

  /** `undefined` if `arg` is no flag. @throws {WalgUsageError} for one that is not known. */
  flag(arg: string, known: Readonly<Record<string, Flag>>): readonly string[] | undefined {
    if (!arg.startsWith('-') || arg === '-') return undefined;
    const [, name = arg, joined] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? /^(-[a-z])(.+)$/s.exec(arg) ?? [];
    const flag = Object.hasOwn(known, name) ? known[name] : undefined;
    if (flag === undefined) throw new WalgUsageError(`wal-e ${name} is not supported by walkback`);
    if (!flag.takes) return flag.become('');
    const value = joined ?? this.next();
    if (value === undefined) throw new WalgUsageError(`flag needs an argument: ${name}`);
    return flag.become(value);
  }
}

/** The arguments behind `wal-g` that do what those behind `wal-e` ask for. @throws {WalgUsageError} for what is not known. */
export function walgLineOf(args: readonly string[]): readonly string[] {
  const line = new Line(args);
  const flags: string[] = [];
  let word = line.next();
  for (; word !== undefined; word = line.next()) {
    const flag = line.flag(word, GLOBAL);
    if (flag === undefined) break;
    flags.push(...flag);
  }
  if (word === undefined) return flags;
  if (word === 'version') return ['--version'];
  const command = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (command === undefined) throw new WalgUsageError(`wal-e ${word} is not supported by walkback`);
  const operands: string[] = [];
  for (let arg = line.next(); arg !== undefined; arg = line.next()) {
    const flag = line.flag(arg, { '--help': same('help'), '-h': same('help'), ...command.flags });
    if (flag === undefined) operands.push(arg);
    else flags.push(...flag);
  }
  return [...command.words, ...operands, ...flags];
}
