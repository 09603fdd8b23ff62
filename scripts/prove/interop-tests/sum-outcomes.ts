/**
 * How files of tests came out together, as the figure of a proof.
 *
 * @module
 */

/** How one file of tests came out. */
export interface FileOutcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How several came out. */
export interface OutcomeSum extends Omit<FileOutcome, 'name'> {
  readonly names: readonly string[];
}

/** Adds them up. */
export function sumOf(outcomes: readonly FileOutcome[]): OutcomeSum {
  const total = (of: 'passed' | 'failed' | 'skipped'): number => outcomes.reduce((sum, one) => sum + one[of], 0);
  return {
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    names: [...new Set(outcomes.map(({ name }) => name))],
  };
}

/** One line of it. @param fileCount how many files there are in all. */
export function figureOf({ passed, failed, skipped, names }: OutcomeSum, fileCount: number): string {
  const which = names.length === fileCount ? '' : ` (${names.map((name) => name.replace('.test.ts', '')).join(', ')})`;
  return `${passed} tests passed, ${skipped} skipped, ${failed} failed in ${names.length} of ${fileCount} files${which}`;
}
