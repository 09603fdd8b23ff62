/**
 * The command line of `npm run prove`.
 *
 * @module
 */

import { parseArgs } from 'node:util';

/** What was asked for. */
export type ProveRequest =
  | { readonly kind: 'list' }
  | {
      readonly kind: 'run';
      /** A proof’s name, or `all`, or one of the groups that together are all (`PROOF_GROUPS`). */
      readonly name: string;
      readonly seed: number;
      /** `undefined`: each proof's own default. */
      readonly count: number | undefined;
      /** Append a row to docs/proofs.md. */
      readonly record: boolean;
    };

/** The command line is wrong; the message says how. */
export class ProveUsageError extends Error {
  override readonly name = 'ProveUsageError';
}

export const USAGE =
  'usage: npm run prove -- [NAME|all|servers|containers|namespaces] [--seed N] [--count N] [--record]';

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new ProveUsageError(`--${flag} takes a whole number of ${least} or more, not ${JSON.stringify(text)}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { seed: { type: 'string' }, count: { type: 'string' }, record: { type: 'boolean' } },
    });
  } catch (error) {
    throw new ProveUsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads the command line. @throws {ProveUsageError} */
export function parseProveArguments(args: readonly string[]): ProveRequest {
  const { values, positionals } = parse(args);
  const [name, ...more] = positionals;
  if (more.length > 0)
    throw new ProveUsageError(`one proof at a time, or "all"; ${JSON.stringify(more[0])} is one too many`);
  if (name === undefined) {
    if (Object.keys(values).length > 0)
      throw new ProveUsageError('--seed, --count and --record need the name of a proof');
    return { kind: 'list' };
  }
  return {
    kind: 'run',
    name,
    seed: values.seed === undefined ? 1 : wholeNumber('seed', values.seed, 0),
    count: values.count === undefined ? undefined : wholeNumber('count', values.count, 1),
    record: values.record ?? false,
  };
}
