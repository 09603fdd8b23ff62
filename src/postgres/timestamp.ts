/**
 * Commit times: microseconds since the Unix epoch, as `bigint`. (`Date` holds milliseconds and would round them.)
 *
 * PostgreSQL's own `TimestampTz` counts microseconds from 2000-01-01; {@link fromPostgresEpoch} turns it into ours.
 *
 * Source: `src/include/datatype/timestamp.h` (`POSTGRES_EPOCH_JDATE`).
 *
 * @module
 */

/** Its start, in microseconds since the Unix epoch. */
export const POSTGRES_EPOCH_US = 946_684_800_000_000n;
const US_PER_SECOND = 1_000_000n;

/** A `TimestampTz` of the server (µs since 2000-01-01 UTC) as microseconds since 1970-01-01 UTC. */
export function fromPostgresEpoch(timestampTz: bigint): bigint {
  return timestampTz + POSTGRES_EPOCH_US;
}

/** `2026-06-05T15:02:11.620113Z`: RFC 3339 in UTC with six digits. */
export function formatTimeUs(timeUs: bigint): string {
  const fraction = ((timeUs % US_PER_SECOND) + US_PER_SECOND) % US_PER_SECOND;
  const seconds = (timeUs - fraction) / US_PER_SECOND;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${whole}.${fraction.toString().padStart(6, '0')}Z`;
}
