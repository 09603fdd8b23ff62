/**
 * `npm run build`: the bundle in dist/.
 *
 * @module
 */

import { join } from 'node:path';

import { bundleProgram } from './bundle-program.ts';

const { fileCount, sizeBytes } = await bundleProgram(join(import.meta.dirname, '../dist'));
console.log(`dist/: ${fileCount} files, ${(sizeBytes / 1024 ** 2).toFixed(1)} MB; run bin/walkback`);
