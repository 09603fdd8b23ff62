/**
 * Times as WAL-G prints them, in UTC.
 *
 * Source: Go `time.RFC3339`, `time.RFC850`.
 *
 * @module
 */

import { formatGoTime } from '../../walg/go-time.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const NS_PER_MS = 1_000_000n;

/** `2026-11-24T20:13:07Z`. */
export function goSeconds(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

/** `Tuesday, 24-Nov-26 20:13:07 UTC`. */
export function rfc850(at: Date): string {
  const iso = at.toISOString();
  const month = MONTHS[at.getUTCMonth()] ?? '';
  return `${DAYS[at.getUTCDay()] ?? ''}, ${iso.slice(8, 10)}-${month}-${iso.slice(2, 4)} ${iso.slice(11, 19)} UTC`;
}

/** `2026-11-24T20:13:07.136Z`. */
export function goTimeOf(at: Date): string {
  return formatGoTime(BigInt(at.getTime()) * NS_PER_MS);
}

/** `2026-11-24 20:13:07.136 +0000 UTC`: Go's own form of a time. */
export function goTimeString(at: Date): string {
  return `${goTimeOf(at).replace('T', ' ').replace('Z', '')} +0000 UTC`;
}
