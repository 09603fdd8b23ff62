/**
 * Kinds of values that settings and options are read from text as: strict, with units, saying what they expect.
 *
 * Sizes and durations are written as in postgresql.conf: `64MB` is 64 × 1024 kB, `30s`, `5min`. Booleans are those that
 * WAL-G takes (Go's `strconv.ParseBool`); WAL-G reads any other word as false, here it is an error.
 *
 * @module
 */

import { parseCronSchedule, type CronSchedule } from '../base/cron-schedule.ts';

/** How a value of type `T` is read from text. */
export interface ValueKind<T> {
  /** In help: `NUMBER`, `SIZE` … */
  readonly placeholder: string;
  /** For messages, after "expected": `a whole number from 1 to 128`. */
  readonly expects: string;
  /** In flags a relative path is taken from the working directory. */
  readonly isPath?: true;
  /** Several values with commas between them; a flag can then be given again. */
  readonly isList?: true;
  /** `undefined` if the text is not such a value. */
  readonly parse: (text: string) => T | undefined;
}

/** Any text that is not empty. */
export const text: ValueKind<string> = {
  placeholder: 'TEXT',
  expects: 'some text',
  parse: (given) => (given === '' ? undefined : given),
};

/** Text of a given form. */
export function matching(form: RegExp, placeholder: string, expects: string): ValueKind<string> {
  return { placeholder, expects, parse: (given) => (form.test(given) ? given : undefined) };
}

const WORD = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)\s*/y;
const QUOTED = /\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g;

function splitWords(given: string): readonly string[] | undefined {
  const words: string[] = [];
  WORD.lastIndex = 0;
  while (WORD.lastIndex < given.length) {
    const [, word] = WORD.exec(given) ?? [];
    if (word === undefined) return undefined;
    words.push(
      word.replace(
        QUOTED,
        (_whole, escaped?: string, double?: string, single?: string) =>
          escaped ?? single ?? (double ?? '').replace(/\\(["\\])/g, '$1'),
      ),
    );
  }
  return words.length === 0 ? undefined : words;
}

/** A program and its arguments, quoted as for a shell; nothing is expanded. */
export const commandLine: ValueKind<readonly string[]> = {
  placeholder: 'COMMAND',
  expects: 'a program and its arguments, with balanced quotes',
  parse: splitWords,
};

/** A path from the root, so that it means the same whoever reads it, in whatever directory. */
export const path: ValueKind<string> = {
  placeholder: 'PATH',
  expects: 'an absolute path',
  isPath: true,
  parse: (given) => (given.startsWith('/') && !given.includes('\0') ? trimSlashes(given) : undefined),
};

function trimSlashes(given: string): string {
  return given.length > 1 ? given.replace(/\/+$/, '') || '/' : given;
}

/** A whole number between two bounds, both allowed. */
export function integer(minimum: number, maximum: number): ValueKind<number> {
  return {
    placeholder: 'NUMBER',
    expects: `a whole number from ${minimum} to ${maximum}`,
    parse: (given) => {
      if (!/^-?\d{1,15}$/.test(given)) return undefined;
      const value = Number(given);
      return value >= minimum && value <= maximum ? value : undefined;
    },
  };
}

/** WAL-G's words for zstd's levels (case does not matter). Source: `github.com/klauspost/compress/zstd`, `EncoderLevel`. */
const ZSTD_WORDS: ReadonlyMap<string, number> = new Map([
  ['fastest', 1],
  ['default', 3],
  ['better', 7],
  ['best', 11],
]);

/** A level of zstd: a number, or one of WAL-G's words for it. */
export const zstdLevel: ValueKind<number> = {
  ...integer(1, 19),
  expects: `a whole number from 1 to 19, or one of ${[...ZSTD_WORDS.keys()].join(', ')}`,
  parse: (given) => ZSTD_WORDS.get(given.toLowerCase()) ?? integer(1, 19).parse(given),
};

const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_WORDS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** `true` or `false`. */
export const boolean: ValueKind<boolean> = {
  placeholder: 'true|false',
  expects: 'true or false',
  parse: (given) => (TRUE_WORDS.has(given) ? true : FALSE_WORDS.has(given) ? false : undefined),
};

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]): ValueKind<T> {
  return {
    placeholder: words.join('|'),
    expects: words.length === 1 ? `"${words[0]}"` : `one of ${words.join(', ')}`,
    parse: (given) => words.find((word) => word === given),
  };
}

const BYTES_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ['kB', 1024],
  ['KiB', 1024],
  ['MB', 1024 ** 2],
  ['MiB', 1024 ** 2],
  ['GB', 1024 ** 3],
  ['GiB', 1024 ** 3],
  ['TB', 1024 ** 4],
  ['TiB', 1024 ** 4],
]);

/** A size in bytes: `20971520`, `64MB`, `1GB`; units of 1024 as in postgresql.conf. */
export function bytes(minimumBytes: number, maximumBytes = Number.MAX_SAFE_INTEGER): ValueKind<number> {
  return {
    placeholder: 'SIZE',
    expects: 'a size such as 64MB or 1GB (units of 1024: B, kB, MB, GB, TB) within its limits',
    parse: (given) => {
      const [, digits, unit] = /^(\d{1,15}) ?([A-Za-z]{0,3})$/.exec(given) ?? [];
      const bytesPerUnit = BYTES_PER_UNIT.get(unit ?? '?');
      if (digits === undefined || bytesPerUnit === undefined) return undefined;
      const sizeBytes = Number(digits) * bytesPerUnit;
      return sizeBytes >= minimumBytes && sizeBytes <= maximumBytes ? sizeBytes : undefined;
    },
  };
}

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** 24 days: a timer of Node holds at most 2^31 − 1 ms. */
const LONGEST_MS = 24 * 86_400_000;

/** A duration in milliseconds: `500ms`, `30s`, `5min`, `2h`, `7d`; never without its unit. */
export function duration(minimumMs = 0, maximumMs = LONGEST_MS): ValueKind<number> {
  return {
    placeholder: 'DURATION',
    expects: 'a duration with its unit, such as 500ms, 30s, 5min, 2h or 1d, within its limits',
    parse: (given) => {
      const [, digits, unit] = /^(\d{1,12}) ?(ms|s|min|h|d)$/.exec(given) ?? [];
      const msPerUnit = MS_PER_UNIT.get(unit ?? '');
      if (digits === undefined || msPerUnit === undefined) return undefined;
      const ms = Number(digits) * msPerUnit;
      return ms >= minimumMs && ms <= maximumMs ? ms : undefined;
    },
  };
}

/** An IANA time zone by its full name. Abbreviations such as `PST` are not zones: they have no daylight saving. */
export const timeZone: ValueKind<string> = {
  placeholder: 'ZONE',
  expects: 'an IANA time zone such as America/Vancouver, or UTC',
  parse: (given) => {
    if (given !== 'UTC' && !/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/.test(given)) return undefined;
    try {
      return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone === '' ? undefined : given;
    } catch {
      return undefined;
    }
  },
};

/** Where an archive is: `s3://bucket/prefix`, `gs://…`, `azure://…`, `ssh://host/path`, `/a/folder` or `file:///a/folder`. */
export const archiveAddress: ValueKind<string> = {
  placeholder: 'ADDRESS',
  expects: 's3://bucket/prefix, gs://bucket/prefix, azure://container/prefix, ssh://host/path, or an absolute path',
  isPath: true,
  parse: (given) =>
    /^((s3|gs|azure):\/\/[^/\s]+(\/\S*)?|ssh:\/\/[^/\s]+\/.*|file:\/\/(localhost)?\/.*|\/.*)$/.test(given) &&
    !given.includes('\0')
      ? given
      : undefined,
};

/** Times that come again, as crontab writes them: `30 2 * * sun`, with a zone behind them if wanted. */
export const schedule: ValueKind<CronSchedule> = {
  placeholder: 'SCHEDULE',
  expects: 'minute, hour, day of month, month and day of week as in crontab, perhaps with an IANA zone behind them',
  parse: parseCronSchedule,
};

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A port on the loopback interface (`9632`), or with an address: `127.0.0.1:9632`, `[::1]:9632`, `0.0.0.0:9632`. */
export const listenAddress: ValueKind<ListenAddress> = {
  placeholder: 'ADDRESS',
  expects: 'a port, or an address with a port, such as 127.0.0.1:9632',
  parse: (given) => {
    const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/i.exec(given) ?? [];
    const port = Number(digits);
    return port >= 1 && port <= 65_535 ? { host: bracketed ?? plain ?? '127.0.0.1', port } : undefined;
  },
};

/** Hosts of the loopback interface: what is sent there leaves the machine on no wire. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(host);
}

function agentAddress(given: string): URL | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return undefined;
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return isSafe && url.pathname === '/' ? url : undefined;
}

/** Words with commas between them. */
export const names: ValueKind<readonly string[]> = {
  placeholder: 'NAME',
  expects: 'a name, perhaps several with commas between them',
  isList: true,
  parse: (given) => given.split(',').filter((name) => name !== ''),
};

/** Where agents are called: over TLS, or on this host. */
export const agentAddresses: ValueKind<readonly URL[]> = {
  placeholder: 'URL',
  expects: 'https://host:port, or http://127.0.0.1:port on this host, perhaps several with commas between them',
  isList: true,
  parse: (given) => {
    const found = given.split(',').map((one) => agentAddress(one.trim()));
    const urls = found.filter((url) => url !== undefined);
    return urls.length === found.length ? urls : undefined;
  },
};
