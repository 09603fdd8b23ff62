/**
 * Log lines as WAL-G writes them, to standard error: `INFO: 2026/11/24 20:24:36.189970 text`, in the time zone of the process.
 *
 * Source: WAL-G `internal/logging`, Go `log` with `LstdFlags | Lmicroseconds`.
 *
 * @module
 */

import type { OutputStream } from '../streams.ts';

/** How much is said: WAL-G's `WALG_LOG_LEVEL`. */
export type WalgLogLevel = 'ERROR' | 'NORMAL' | 'DEVEL';

/** Where log lines go. */
export interface WalgLog {
  readonly info: (text: string) => void;
  readonly warning: (text: string) => void;
  readonly error: (text: string) => void;
  readonly debug: (text: string) => void;
  /** When all that was said has been written. */
  readonly flushed: () => Promise<void>;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026/11/24 20:24:36.189000`. */
export function walgLogTime(at: Date): string {
  const day = `${at.getFullYear()}/${two(at.getMonth() + 1)}/${two(at.getDate())}`;
  const fraction = String(at.getMilliseconds()).padStart(3, '0');
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${fraction}000`;
}

/** The level that a setting's text names; anything else is WAL-G's default. */
export function walgLogLevel(text: string | undefined): WalgLogLevel {
  return text === 'ERROR' || text === 'DEVEL' ? text : 'NORMAL';
}

/** A log that writes to `stream`. */
export function walgLogTo(stream: OutputStream, level: WalgLogLevel, now: () => Date = () => new Date()): WalgLog {
  let last: Promise<unknown> = Promise.resolve();
  const line = (name: string) => (text: string) => {
    last = stream.write(`${name}: ${walgLogTime(now())} ${text}\n`);
  };
  const silent = (): void => {};
  return {
    info: level === 'ERROR' ? silent : line('INFO'),
    warning: level === 'ERROR' ? silent : line('WARNING'),
    error: line('ERROR'),
    debug: level === 'DEVEL' ? line('DEBUG') : silent,
    flushed: async () => {
      await last;
    },
  };
}
