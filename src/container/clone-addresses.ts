/**
 * The places where the source of a clone may be: Spilo has a folder for each major below a generated address, and looks
 * through them, the newest major first, when it was not told which.
 *
 * Source: Spilo `clone_with_wale.py` (`get_wale_environments`).
 *
 * @module
 */

/**
 * The addresses to look at, in order, without slashes at their end. `majors`: those that are installed; ones newer than
 * `major`, which will run, are not looked for.
 */
export function cloneAddresses(address: string, majors: readonly number[], major: number): readonly string[] {
  const place = address.replace(/\/+$/, '');
  if (!place.includes('/spilo/') || !place.endsWith('/wal')) return [place];
  const older = majors.filter((one) => one <= major).toSorted((a, b) => b - a);
  return [...older.map((one) => `${place}/${one}`), place];
}
