/**
 * The interoperation matrix: archives that one of two programs, walkback and the real wal-g, wrote are recovered by the other, in
 * every compression, encryption, kind of backup, major of PostgreSQL and store.
 *
 * Seed `s` is a cell (`matrix/cells.ts`); numbers go round. Without a real wal-g (`WALG_BINARY`, or `wal-g` on the PATH) the cells
 * that need it are skipped, and what wal-g once wrote (`fixtures/walg/`) is recovered by the proof `interop`.
 *
 * @module
 */

import { join } from 'node:path';

import { messageOf } from '../../src/base/failure.ts';
import { ROOT } from '../toolchain.mjs';
import { walgBinary } from './interop/real-walg.ts';
import { cellName, matrixCells, type Cell } from './matrix/cells.ts';
import { Places } from './matrix/places.ts';
import { runCell, type Programs } from './matrix/run-cell.ts';
import { matrixTable, type CellResult } from './matrix/table.ts';
import type { Proof, ProofRun } from './proof.ts';

const OURS = join(ROOT, 'bin/wal-g');

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

/** The proof. */
export const proof: Proof = {
  name: 'matrix',
  shows:
    'what walkback writes is recovered by the real wal-g and the other way, whatever the compression, encryption, kind, major and store',
  defaultCount: 2,
  run: async ({ seed, count, log }) => {
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
    const figure = `${of('equal')} of ${cells.length} cells equal, ${of('skipped')} skipped: ${of('failed')} failures`;
    return { holds: of('failed') === 0, figure };
  },
};
