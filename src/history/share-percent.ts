/**
 * A share of a table's rows as people read it, the same wherever it is shown.
 *
 * @module
 */

/** `96 %`; never 100 unless it is all, never more. @param share 0 to 1. */
export function percentOf(share: number): string {
  const hundredths = share >= 1 ? 100 : Math.min(99, Math.round(share * 100));
  return `${hundredths} %`;
}
