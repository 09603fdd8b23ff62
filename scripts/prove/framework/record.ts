/**
 * The table of ranges that were run, in `docs/proofs.md`: one row a run, appended, never edited.
 *
 * @module
 */

import { appendFile, readFile } from 'node:fs/promises';

import type { ProofOutcome } from './run-proof.ts';

const HEADER = '| proof | seeds | count | holds | figure | date |';

/** A message of an error can be long, and name folders of the machine. */
const LONGEST_FIGURE = 400;
const PATH = /(?:file:\/\/)?(?:\/[\w.@~-]+){2,}/g;

function cell(text: string): string {
  const line = text.replace(PATH, '…').replaceAll('\n', ' ');
  const short = line.length > LONGEST_FIGURE ? `${line.slice(0, LONGEST_FIGURE)} …` : line;
  return short.replaceAll('|', '\\|');
}

/** The row of one outcome. */
export function proofRow(outcome: ProofOutcome, ranAt: Date): string {
  const { proof, seed, count, holds, figure } = outcome;
  const date = ranAt.toISOString().slice(0, 10);
  return `| ${proof.name} | ${seed}–${seed + count - 1} | ${count} | ${holds ? 'yes' : '**no**'} | ${cell(figure)} | ${date} |\n`;
}

/** Appends the row to the page. @throws if the page does not end with the table. */
export async function recordOutcome(page: string, outcome: ProofOutcome, ranAt: Date): Promise<void> {
  const text = await readFile(page, 'utf8');
  const tail = text.slice(text.lastIndexOf(HEADER));
  const endsWithTable =
    text.includes(HEADER) &&
    text.endsWith('|\n') &&
    tail
      .trimEnd()
      .split('\n')
      .every((line) => line.startsWith('|'));
  if (!endsWithTable) throw new Error(`${page} does not end with the table "${HEADER}"`);
  await appendFile(page, proofRow(outcome, ranAt));
}
