/**
 * The cells of the interoperation matrix: who writes, who reads, and what about.
 *
 * For each direction, every pair of values of two different factors is in some cell (about 20 cells a direction); then one
 * major in full; then the other stores, one line each. The list is the same in every run, so a number stands for a cell.
 *
 * @module
 */

/** Who wrote the archive, and who restores from it. */
export const DIRECTIONS = ['ours → wal-g', 'wal-g → ours', 'ours → ours'] as const;
const COMPRESSIONS = ['zstd', 'lz4', 'brotli', 'none'] as const;
const ENCRYPTIONS = ['plain', 'libsodium', 'OpenPGP'] as const;
const KINDS = ['full', 'delta'] as const;
const MAJORS = [14, 15, 16, 17, 18] as const;
const STORES = ['file', 's3'] as const;
const OTHER_STORES = ['gcs', 'azure', 'ssh'] as const;
/** In full. */
const ONE_MAJOR = 17;

/** One cell. */
export interface Cell {
  readonly direction: (typeof DIRECTIONS)[number];
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly encryption: (typeof ENCRYPTIONS)[number];
  /** `delta`: the last of a chain of three on a full backup. */
  readonly kind: (typeof KINDS)[number];
  readonly major: (typeof MAJORS)[number];
  readonly store: (typeof STORES)[number] | (typeof OTHER_STORES)[number];
}

type Factors = Omit<Cell, 'direction'>;

const pairsOf = (cell: Factors): string[] => {
  const values = Object.values(cell).map(String);
  return values.flatMap((a, i) => values.slice(i + 1).map((b, j) => `${i},${i + 1 + j}:${a},${b}`));
};

function everyCombination(): Factors[] {
  return COMPRESSIONS.flatMap((compression) =>
    ENCRYPTIONS.flatMap((encryption) =>
      KINDS.flatMap((kind) =>
        MAJORS.flatMap((major) => STORES.map((store) => ({ compression, encryption, kind, major, store }))),
      ),
    ),
  );
}

/** Greedy: the combination that adds most pairs that are in no cell yet, until none is left. */
function pairwise(): Factors[] {
  const all = everyCombination();
  const open = new Set(all.flatMap(pairsOf));
  const chosen: Factors[] = [];
  while (open.size > 0) {
    const gain = (cell: Factors): number => pairsOf(cell).filter((pair) => open.has(pair)).length;
    const best = all.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of pairsOf(best)) open.delete(pair);
    chosen.push(best);
  }
  return chosen;
}

function oneMajor(): Factors[] {
  return everyCombination().filter(
    ({ major, store }, index) =>
      major === ONE_MAJOR && store === STORES[Math.floor(index / (STORES.length * MAJORS.length)) % 2],
  );
}

/**
 * To wal-g 3.0.9 an object of Google's that is absent is a failure: it compares by identity what its library wraps. So it finds WAL
 * under the ending alone that it tries first, which is `.lz4`.
 */
function otherStores(): Factors[] {
  return OTHER_STORES.map((store) => ({
    compression: store === 'gcs' ? 'lz4' : 'zstd',
    encryption: 'plain',
    kind: 'delta',
    major: ONE_MAJOR,
    store,
  }));
}

/** All cells, those of the directions by turns. */
export function matrixCells(): Cell[] {
  const cells = [...pairwise(), ...oneMajor(), ...otherStores()].flatMap((factors) =>
    DIRECTIONS.map((direction): Cell => ({ direction, ...factors })),
  );
  const seen = new Set<string>();
  return cells.filter((cell) => {
    const key = cellName(cell);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** A cell in words. */
export function cellName({ direction, compression, encryption, kind, major, store }: Cell): string {
  return `${direction}, ${compression}, ${encryption}, ${kind}, PostgreSQL ${major}, ${store}`;
}
