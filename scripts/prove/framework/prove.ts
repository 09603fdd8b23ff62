/**
 * `npm run prove`: lists the proofs, runs one, or runs them all.
 *
 * @module
 */

import { PROOF_GROUPS, type Proof } from '../proof.ts';

import { parseProveArguments, ProveUsageError, USAGE } from './arguments.ts';
import type { ProveRequest } from './arguments.ts';
import { recordOutcome } from './record.ts';
import { runProof } from './run-proof.ts';
import type { ProofOutcome, ProveOutput } from './run-proof.ts';

/** What the command works on. */
export interface ProveUses {
  readonly proofs: readonly Proof[];
  /** The page that `--record` appends to. */
  readonly page: string;
  readonly output: ProveOutput;
}

const EXIT_USAGE = 64;

function list({ proofs, output }: ProveUses): void {
  if (proofs.length === 0) output.progress('no proofs');
  const width = Math.max(0, ...proofs.map((proof) => proof.name.length));
  for (const proof of proofs)
    output.figure(`${proof.name.padEnd(width)}  ${proof.shows} (default count ${proof.defaultCount})`);
  output.progress(USAGE);
}

/** Proofs by group, those left out that run by name only. The groups but `all` may run beside each other, on a machine that they share. */
const GROUPS = new Map<string, (proof: Proof) => boolean>([
  ['all', () => true],
  ...PROOF_GROUPS.map((name): [string, (proof: Proof) => boolean] => [name, ({ group = 'servers' }) => group === name]),
]);

function choose(name: string, proofs: readonly Proof[]): readonly Proof[] {
  const isOfGroup = GROUPS.get(name);
  const chosen = proofs.filter((proof) =>
    isOfGroup === undefined ? proof.name === name : isOfGroup(proof) && proof.onlyByName !== true,
  );
  if (chosen.length > 0) return chosen;
  const names = proofs.map((proof) => proof.name).join(', ');
  throw new ProveUsageError(`no proof named ${JSON.stringify(name)}; there is ${names === '' ? 'none' : names}`);
}

async function runChosen(request: ProveRequest & { kind: 'run' }, uses: ProveUses): Promise<number> {
  const outcomes: ProofOutcome[] = [];
  const sharesMachine = GROUPS.has(request.name) && request.name !== 'all';
  for (const proof of choose(request.name, uses.proofs)) {
    const outcome = await runProof(proof, { ...request, sharesMachine }, uses.output);
    outcomes.push(outcome);
    if (request.record) await recordOutcome(uses.page, outcome, new Date(uses.output.nowMs()));
  }
  const failed = outcomes.filter((outcome) => !outcome.holds);
  if (GROUPS.has(request.name)) {
    const names = failed.map((outcome) => outcome.proof.name).join(', ');
    uses.output.figure(
      `${request.name}: ${outcomes.length - failed.length} of ${outcomes.length} hold${names === '' ? '' : `; not ${names}`}`,
    );
  }
  return failed.length === 0 ? 0 : 1;
}

/** Does what `args` ask. @returns the exit code: 0 if all that ran holds, 1 if not, 64 for a wrong command line. */
export async function prove(args: readonly string[], uses: ProveUses): Promise<number> {
  try {
    const request = parseProveArguments(args);
    if (request.kind === 'run') return await runChosen(request, uses);
    list(uses);
    return 0;
  } catch (error) {
    if (!(error instanceof ProveUsageError)) throw error;
    uses.output.progress(`${error.message}\n${USAGE}`);
    return EXIT_USAGE;
  }
}
