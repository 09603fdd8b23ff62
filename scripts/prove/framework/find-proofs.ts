/**
 * Finds the proofs: the files directly in a folder, each checked to be what `proof.ts` asks for.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Proof } from '../proof.ts';

const NOT_PROOFS = new Set(['main.ts', 'proof.ts']);

function isProof(value: unknown): value is Proof {
  if (typeof value !== 'object' || value === null) return false;
  const { name, shows, defaultCount, run }: Partial<Record<keyof Proof, unknown>> = value;
  const isCount = typeof defaultCount === 'number' && Number.isInteger(defaultCount) && defaultCount > 0;
  return typeof name === 'string' && typeof shows === 'string' && isCount && typeof run === 'function';
}

/**
 * The proofs of `folder`, by name.
 *
 * @throws if a file there exports no proof, or one whose name is not the file's: a proof that is never found never fails.
 */
export async function findProofs(folder: string): Promise<Proof[]> {
  const files = (await readdir(folder)).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !NOT_PROOFS.has(file),
  );
  const proofs = files.toSorted().map(async (file) => {
    const module: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href);
    const { proof } = module;
    if (!isProof(proof)) throw new Error(`${join(folder, file)} exports no proof { name, shows, defaultCount, run }`);
    if (`${proof.name}.ts` !== file)
      throw new Error(`${join(folder, file)} exports a proof named ${JSON.stringify(proof.name)}`);
    return proof;
  });
  return Promise.all(proofs);
}
