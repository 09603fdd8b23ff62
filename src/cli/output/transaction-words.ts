/**
 * A transaction in one line: `orders -48,211  96 % of the table, lines -144,000`.
 *
 * @module
 */

import { isLargeChange, isLargeTransaction } from '../../app/transaction-size.ts';
import type { LoggedTransaction, RelationChange } from '../../history/transactions/logged-transaction.ts';
import { definitionPhrases, type Phrase } from './definition-words.ts';
import { countOf } from './format.ts';
import { workByTable, workText } from './relation-words.ts';
import type { Screen, State } from './screen.ts';
import { shownText } from './shown-name.ts';

/** What it did, as phrases: what loses rows first, then tables in the order they were touched. */
export function effectPhrases({ changes, definitions }: LoggedTransaction): Phrase[] {
  const isLarge = (change: RelationChange) => isLargeChange(change);
  const phrases = (some: readonly RelationChange[], isLoss: boolean) =>
    workByTable(some).map((work) => ({ text: workText(work), isLoss }));
  const bySize = Map.groupBy(changes, (change) => isLarge(rootedSize(change, changes)));
  const definitional = definitionPhrases(definitions);
  return [
    ...definitional.filter(({ isLoss }) => isLoss),
    ...phrases(bySize.get(true) ?? [], true),
    ...definitional.filter(({ isLoss }) => !isLoss),
    ...phrases(bySize.get(false) ?? [], false),
  ];
}

/** Partitions of one table stay together: all are as large as the largest of them. */
function rootedSize(change: RelationChange, changes: readonly RelationChange[]): RelationChange {
  const { root } = change;
  if (root === undefined) return change;
  return changes.find((other) => other.root?.oid === root.oid && isLargeChange(other)) ?? change;
}

/** How it ended, where that is not a plain commit: `rolled back`, `prepared "x", not ended`. */
export function endingWords({ outcome, gid, isTopKnown }: LoggedTransaction): string {
  const name = gid === undefined ? '' : ` "${shownText(gid)}"`;
  switch (outcome) {
    case 'commit':
    case 'commitPrepared':
      return '';
    case 'abort':
      return isTopKnown ? 'rolled back' : 'rolled back, perhaps within another';
    case 'abortPrepared':
      return `rolled back${name}`;
    case 'prepared':
      return `prepared${name}, not ended`;
  }
}

/** The text in at most `width` columns. */
export function cutTo(text: string, width: number, { hasUnicode }: Pick<Screen, 'hasUnicode'>): string {
  if (text.length <= width) return text;
  const letters = Array.from(text).slice(0, Math.max(0, width - 1));
  return `${letters.join('')}${hasUnicode ? '…' : '~'}`;
}

/** As many phrases as `width` has room for, and how many more there are; one at least, cut if it must be. */
export function fitPhrases(phrases: readonly string[], width: number, cut: string): string {
  const whole = phrases.join(', ');
  if (whole.length <= width) return whole;
  for (let kept = phrases.length - 1; kept >= 1; kept -= 1) {
    const text = `${phrases.slice(0, kept).join(', ')}, ${countOf(phrases.length - kept, 'more', 'more')}`;
    if (text.length <= width) return text;
  }
  const letters = Array.from(phrases[0] ?? '');
  return `${letters.slice(0, Math.max(0, width - cut.length)).join('')}${cut}`;
}

/** What it did in at most `width` columns. */
export function effectText(one: LoggedTransaction, width: number, screen: Screen): string {
  const ending = endingWords(one);
  const cut = screen.hasUnicode ? '…' : '~';
  const head = ending === '' ? '' : `${cutTo(ending, Math.max(12, Math.floor(width / 2) - 2), screen)}: `;
  const tail = one.isIncomplete ? ' (at least)' : '';
  const phrases = effectPhrases(one).map(({ text }) => text);
  const shown = phrases.length === 0 ? ['no rows'] : phrases;
  return `${head}${fitPhrases(shown, Math.max(10, width - head.length - tail.length), cut)}${tail}`;
}

/** The colour of its line. */
export function stateOf(one: LoggedTransaction): State | undefined {
  if (one.outcome === 'abort' || one.outcome === 'abortPrepared') return 'quiet';
  if (isLargeTransaction(one)) return 'loss';
  return one.outcome === 'prepared' ? 'attention' : undefined;
}
