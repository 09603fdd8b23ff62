/**
 * What a proof is: one claim about the program, shown on real parts, with a figure that says how much was tried.
 *
 * Each file directly in `scripts/prove/` (other than this one and `main.ts`) is one proof: it exports a constant
 * `proof` whose name is the file's. What several proofs share lives in folders beneath.
 *
 * @module
 */

/** What one run of a proof is given. */
export interface ProofRun {
  /** The seed of the first case. Case `i` of a run uses seed `seed + i`, so that ranges of seeds can be run apart. */
  readonly seed: number;
  /** How many cases to run: seeds `seed` to `seed + count - 1`. */
  readonly count: number;
  /** Prints a progress line (to stderr). */
  readonly log: (line: string) => void;
}

/** How a run came out. */
export interface ProofResult {
  /** True if every case showed what the proof claims. */
  readonly holds: boolean;
  /** One line that says how much was tried and what differed, e.g. `50 targets on 5 majors: 0 differences`. */
  readonly figure: string;
}

/**
 * What proofs work with: servers on this machine; containers, and releases of the charts; recoveries in a Kubernetes. The latter two
 * wait more than they work.
 */
export const PROOF_GROUPS = ['servers', 'containers', 'namespaces'] as const;
export type ProofGroup = (typeof PROOF_GROUPS)[number];

/** One claim that can be tried again at any time. */
export interface Proof {
  /** The file's name without its ending; what one types after `npm run prove --`. */
  readonly name: string;
  /** The claim, as a sentence. */
  readonly shows: string;
  /** How many cases run when no count is asked for: as many as fit in 15 seconds after set-up. */
  readonly defaultCount: number;
  /** How long that may take where what is shown has to be built first; {@link DEFAULT_COUNT_BUDGET_MS} otherwise. */
  readonly budgetMs?: number;
  /** With which others it runs, one after the other and beside the other groups; with `servers` unless told. */
  readonly group?: ProofGroup;
  /** It does not hold without what few machines have: it runs when it is named, and with no group. */
  readonly onlyByName?: true;
  run(given: ProofRun): Promise<ProofResult>;
}

/** How long a proof may take at its default count, set-up of the toolchain not counted. */
export const DEFAULT_COUNT_BUDGET_MS = 15_000;
