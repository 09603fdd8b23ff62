/**
 * `npm run build`: the bundle in dist/, or in the folder that is named.
 *
 * @module
 */

import { basename, join } from 'node:path';

import { bundleProgram } from './bundle-program.ts';

const [folder = join(import.meta.dirname, '../dist')] = process.argv.slice(2);
const { fileCount, sizeBytes } = await bundleProgram(folder);
console.log(`${basename(folder)}/: ${fileCount} files, ${(sizeBytes / 1024 ** 2).toFixed(1)} MB; run bin/walkback`);
