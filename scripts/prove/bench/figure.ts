/**
 * The figure of the proof of benchmarks, short enough for a row of docs/proofs.md: what is missing, then of each work the fastest of
 * each other program's kinds.
 *
 * @module
 */

/** One program in one work. */
export interface MeasuredProgram {
  /** `wal-g lz4 --verify` */
  readonly program: string;
  /** Its time beside ours. */
  readonly ratio: number;
}

/** One work, with the others that were measured. */
export interface MeasuredWork {
  /** `Full backup` */
  readonly work: string;
  readonly others: readonly MeasuredProgram[];
}

/** They copy a directory, and make no backup of a server. */
const COPIERS = /^(?:tar|cp -r)\b/;

/** `wal-g lz4 --verify` and `wal-g lz4` are of one kind. */
function fastestOfKinds(others: readonly MeasuredProgram[]): string {
  const fastest = new Map<string, number>();
  for (const { program, ratio } of others.filter((one) => !COPIERS.test(one.program))) {
    const kind = /^[^ ,]+(?: daemon)?/.exec(program)?.[0] ?? program;
    fastest.set(kind, Math.min(fastest.get(kind) ?? Infinity, ratio));
  }
  return [...fastest].map(([kind, ratio]) => `${kind} ${ratio.toFixed(2)}`).join(', ');
}

/** One line. @param missing works that were not measured, or have no figures in docs/benchmarks.md. */
export function benchFigure(works: readonly MeasuredWork[], missing: readonly string[]): string {
  const told = works
    .filter(({ others }) => others.length > 0)
    .map(({ work, others }) => `${work}: ${fastestOfKinds(others)}`);
  const lacks = missing.length === 0 ? 'nothing is missing' : `missing: ${missing.join(', ')}`;
  return `${lacks}; times beside ours: ${told.join('; ')}`;
}
