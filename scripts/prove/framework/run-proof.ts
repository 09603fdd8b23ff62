/**
 * Runs one proof and tells how it came out.
 *
 * @module
 */

import { inspect } from 'node:util';

import { DEFAULT_COUNT_BUDGET_MS } from '../proof.ts';
import type { Proof, ProofResult } from '../proof.ts';

/** Where lines go, and the clock. */
export interface ProveOutput {
  /** Progress and explanations. */
  progress(line: string): void;
  /** The figure. */
  figure(line: string): void;
  nowMs(): number;
}

/** One finished run. */
export interface ProofOutcome extends ProofResult {
  readonly proof: Proof;
  readonly seed: number;
  readonly count: number;
}

async function attempt(proof: Proof, seed: number, count: number, output: ProveOutput): Promise<ProofResult> {
  try {
    return await proof.run({ seed, count, log: (line) => output.progress(`${proof.name}: ${line}`) });
  } catch (error) {
    output.progress(inspect(error));
    return { holds: false, figure: `ended with an error: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Beside another run a proof takes longer. */
const SHARED_FACTOR = 3;

/** Runs `proof` from `seed`; an error it throws is a claim that does not hold. Prints the figure last. */
export async function runProof(
  proof: Proof,
  asked: { readonly seed: number; readonly count: number | undefined; readonly sharesMachine?: boolean },
  output: ProveOutput,
): Promise<ProofOutcome> {
  const count = asked.count ?? proof.defaultCount;
  output.progress(`${proof.name}: ${proof.shows}`);
  const beganMs = output.nowMs();
  const { holds, figure } = await attempt(proof, asked.seed, count, output);
  const tookMs = output.nowMs() - beganMs;
  output.progress(`${proof.name}: ${(tookMs / 1000).toFixed(1)} s`);
  const budgetMs = (proof.budgetMs ?? DEFAULT_COUNT_BUDGET_MS) * (asked.sharesMachine === true ? SHARED_FACTOR : 1);
  if (asked.count === undefined && tookMs > budgetMs) {
    const budget = `${budgetMs / 1000} s`;
    output.progress(`${proof.name}: TOO SLOW: a default count is to finish within ${budget}; lower defaultCount`);
  }
  const seeds = `seeds ${asked.seed} to ${asked.seed + count - 1}`;
  output.figure(`${proof.name}: ${holds ? 'holds' : 'DOES NOT HOLD'}: ${figure.replaceAll('\n', ' ')} (${seeds})`);
  return { proof, seed: asked.seed, count, holds, figure };
}
