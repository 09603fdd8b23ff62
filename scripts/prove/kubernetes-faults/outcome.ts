/**
 * What came of a case. There are few ways in which one may end; any other is wrong.
 *
 * @module
 */

/** How it ended. */
export type Ending =
  /** Interrupted, gone on with, recovered. */
  | 'gone on, recovered'
  /** Interrupted, gone on with, undone. */
  | 'gone on, undone'
  /** Interrupted, and taken back. */
  | 'taken back'
  /** Interrupted while something was removed, and gone on with: nothing else is left, nothing else is gone. */
  | 'gone on, removed'
  /** A reset: interrupted, gone on with, done. */
  | 'gone on, reset'
  /** It came to its end in spite of the fault. */
  | 'came to its end'
  | 'OTHER';

/** Of one seed. */
export interface Outcome {
  readonly seed: number;
  readonly words: string;
  readonly ending: Ending;
  readonly problems: readonly string[];
  readonly looks: number;
}

/** What was seen of a case that was tried. */
export type Seen = Pick<Outcome, 'problems' | 'ending'>;

/** Tries a case, and logs how it ended: whatever is wrong, or thrown, makes it another ending. */
export async function outcomeOf(
  {
    seed,
    words,
    watch,
    log,
  }: Pick<Outcome, 'seed' | 'words'> & {
    readonly watch: { readonly looks: number };
    readonly log: (line: string) => void;
  },
  tried: () => Promise<Seen>,
): Promise<Outcome> {
  const { problems, ending } = await tried().catch((error: unknown): Seen => ({
    problems: [String(error)],
    ending: 'OTHER',
  }));
  log(`${seed}: ${words}: ${problems.length === 0 ? ending : problems.join('; ')}`);
  return { seed, words, ending: problems.length === 0 ? ending : 'OTHER', problems, looks: watch.looks };
}

/** How many ended in which way, in the order of their first; and which seeds went wrong, to try them again. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const counts = new Map<Ending, number>();
  for (const { ending } of outcomes) counts.set(ending, (counts.get(ending) ?? 0) + 1);
  const wrong = outcomes.flatMap(({ seed, ending }) => (ending === 'OTHER' ? [seed] : []));
  const seeds = wrong.length === 0 ? '' : ` (${wrong.join(', ')})`;
  return [...counts].map(([ending, count]) => `${count} ${ending}${ending === 'OTHER' ? seeds : ''}`).join(', ');
}
