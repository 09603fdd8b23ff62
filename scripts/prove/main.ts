/**
 * The process behind `npm run prove`.
 *
 * @module
 */

import { join } from 'node:path';

import { findProofs } from './framework/find-proofs.ts';
import { prove } from './framework/prove.ts';

// An await that never settles would end the process with 13; a crash while loading with 1. Neither may look like success.
process.exitCode = 70;
process.exitCode = await prove(process.argv.slice(2), {
  proofs: await findProofs(import.meta.dirname),
  page: join(import.meta.dirname, '../../docs/proofs.md'),
  output: {
    progress: (line) => process.stderr.write(`${line}\n`),
    figure: (line) => process.stdout.write(`${line}\n`),
    nowMs: () => Date.now(),
  },
});
