/**
 * A share of a table's rows as people read it, the same wherever it is shown.
 *
 * @module
 */

/** An estimate is some per cent off soon after it was made: that much more is still all of the table. */
const ABOUT_ALL = 1.25;

/**
 * `96 % of the table`; nothing is all of a table whose estimate is far too low.
 *
 * @param share by the estimate of its rows; above 1 where it had more.
 */
export function shareOfWords(share: number, whole: 'table' | 'partition'): string {
  if (share > ABOUT_ALL) return `more than the ${whole}'s estimated rows`;
  return share > 1 ? `about all of the ${whole}` : `${percentOf(share)} of the ${whole}`;
}

/** `96 %`; never 100 unless it is all, never more. @param share 0 to 1. */
export function percentOf(share: number): string {
  const hundredths = share >= 1 ? 100 : Math.min(99, Math.round(share * 100));
  return `${hundredths} %`;
}
