/**
 * Log sequence numbers: byte positions in a PostgreSQL server's WAL stream.
 *
 * An LSN is an unsigned 64-bit count of bytes, so it is held as a `bigint`; a `number` silently loses the low bits
 * after 8 PiB of WAL.
 *
 * Source: PostgreSQL manual, "pg_lsn Type"; `src/include/access/xlogdefs.h`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

declare const lsnBrand: unique symbol;

/** A WAL position, 0 to 2^64 − 1. 0 means "invalid" to PostgreSQL. */
export type Lsn = bigint & { readonly [lsnBrand]: true };

const LSN_TEXT = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;

const LSN_LIMIT = 1n << 64n;

function isLsn(value: bigint): value is Lsn {
  return value >= 0n && value < LSN_LIMIT;
}

/** A number as an LSN. @throws {Failure} `corrupt` if it is not an unsigned 64-bit number. */
export function lsn(value: bigint): Lsn {
  if (isLsn(value)) return value;
  throw new Failure('corrupt', {
    message: `cannot use ${value} as a WAL position: it is not an unsigned 64-bit number`,
    remedy: 'Look at the object it was read from; it is damaged.',
  });
}

/** Reads `16/B374D848`, as the server prints it. Both 18's and 19's (padded) forms are taken; `undefined` if it is neither. */
export function parseLsn(text: string): Lsn | undefined {
  const [, high, low] = LSN_TEXT.exec(text) ?? [];
  if (high === undefined || low === undefined) return undefined;
  return lsn((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`));
}

/** Writes `16/B374D848`: `%X/%X`, as PostgreSQL to 18 does. */
export function formatLsn(position: Lsn): string {
  return `${(position >> 32n).toString(16).toUpperCase()}/${(position & 0xffffffffn).toString(16).toUpperCase()}`;
}

/** The high 32 bits: loops over records work on halves, since `bigint` would cost more than the record. */
export function lsnHigh(position: Lsn): number {
  return Number(position >> 32n);
}

/** The low 32 bits, unsigned. */
export function lsnLow(position: Lsn): number {
  return Number(position & 0xffffffffn);
}

/** The position of two halves; a `low` of 2^32 or more carries over. */
export function lsnOfHalves(high: number, low: number): Lsn {
  // Below 8 PiB the whole is exact as a number, and costs one bigint instead of four.
  const position = high * 0x1_0000_0000 + low;
  return lsn(position <= Number.MAX_SAFE_INTEGER ? BigInt(position) : (BigInt(high) << 32n) + BigInt(low));
}
