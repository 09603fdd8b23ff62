/**
 * The interoperation matrix: archives that one of two programs, walkback and the real wal-g, wrote are recovered by the other, in
 * every compression, encryption, kind of backup, major of PostgreSQL and store.
 *
 * Seed `s` is a cell (`matrix/cells.ts`); numbers go round. Without a real wal-g (`WALG_BINARY`, or `wal-g` on the PATH) the cells
 * that need it are skipped; for those in which it would have written, moments of what it once wrote (`fixtures/walg/`) are recovered.
 *
 * @module
 */

import { join } from 'node:path';

import { messageOf } from '../../src/base/failure.ts';
import { ROOT } from '../toolchain.mjs';
import { walgBinary } from './interop/real-walg.ts';
import { recoverMoments } from './interop/recover-moments.ts';
import { cellName, matrixCells, type Cell } from './matrix/cells.ts';
import { Places } from './matrix/places.ts';
import { runCell, type Programs } from './matrix/run-cell.ts';
import { matrixTable, type CellResult } from './matrix/table.ts';
import type { Proof, ProofRun } from './proof.ts';

const OURS = join(ROOT, 'bin/wal-g');

const FEWEST_MOMENTS = 3;

class Skipped extends Error {}

function programsFor({ direction }: Cell, walg: string | undefined): Programs {
  if (direction === 'ours → ours') return { writer: OURS, reader: OURS };
  if (walg === undefined) throw new Skipped('there is no real wal-g here (set WALG_BINARY)');
  return direction === 'ours → wal-g' ? { writer: OURS, reader: walg } : { writer: walg, reader: OURS };
}

async function tryCell(
  cell: Cell,
  seed: number,
  walg: string | undefined,
  places: Places,
  log: ProofRun['log'],
): Promise<CellResult> {
  const name = `${seed}: ${cellName(cell)}`;
  try {
    const differences = await runCell(cell, seed, programsFor(cell, walg), async (root) => {
      const place = await places.open(cell.store, root);
      if (place === undefined) throw new Skipped(`there is no server for ${cell.store} here`);
      return place.variables;
    });
    log(`${name}: ${differences.length === 0 ? 'equal' : differences.join('; ')}`);
    return { cell, outcome: differences.length === 0 ? 'equal' : 'failed' };
  } catch (error) {
    const outcome = error instanceof Skipped ? 'skipped' : 'failed';
    log(`${name}: ${outcome.toUpperCase()}: ${messageOf(error)}`);
    return { cell, outcome };
  }
}

/** Recovers as many moments of the fixtures as wal-g would have written cells. @returns what differs, and words for the figure. */
async function fromFixtures(
  results: readonly CellResult[],
  { seed, log }: ProofRun,
): Promise<{ readonly differences: number; readonly words: string }> {
  const skipped = results.filter(
    ({ cell, outcome }) => outcome === 'skipped' && cell.direction === 'wal-g → ours',
  ).length;
  if (skipped === 0) return { differences: 0, words: '' };
  // Some moments are before any backup; of a few, one is not.
  const count = Math.max(FEWEST_MOMENTS, skipped);
  const { recovered, outOfReach, differences } = await recoverMoments({ seed, count, log });
  const words = `; of what wal-g once wrote ${recovered} moments recovered, ${outOfReach} refused as out of reach, ${differences.length} differences`;
  return { differences: differences.length, words };
}

/** The proof. */
export const proof: Proof = {
  name: 'matrix',
  shows:
    'what walkback writes is recovered by the real wal-g and the other way, whatever the compression, encryption, kind, major and store',
  defaultCount: 2,
  budgetMs: 60_000,
  run: async (given) => {
    const { seed, count, log } = given;
    const cells = matrixCells();
    const walg = walgBinary();
    if (walg === undefined) log('SKIPPED: cells with the real wal-g, since there is none here (set WALG_BINARY)');
    await using places = new Places();
    const results: CellResult[] = [];
    for (let number = seed; number < seed + count; number += 1) {
      const cell = cells[number % cells.length];
      if (cell !== undefined) results.push(await tryCell(cell, number, walg, places, log));
    }
    for (const line of matrixTable(results)) log(line);
    const of = (outcome: CellResult['outcome']): number => results.filter((one) => one.outcome === outcome).length;
    const fixtures = await fromFixtures(results, given);
    const figure = `${of('equal')} of ${cells.length} cells equal, ${of('skipped')} skipped: ${of('failed')} failures${fixtures.words}`;
    return { holds: of('failed') === 0 && fixtures.differences === 0, figure };
  },
};
