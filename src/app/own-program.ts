/**
 * This program, to be started once more.
 *
 * @module
 */

import { fileURLToPath } from 'node:url';

/** Beside the chunks of a bundle, one folder up from here in the sources. */
const MAIN = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../main.ts' : './main.js', import.meta.url));

/** What stands in front of its arguments, and the program that is run: Node, as it runs now. */
export function ownProgram(): { readonly program: string; readonly args: readonly string[] } {
  return { program: process.execPath, args: [...process.execArgv, MAIN] };
}
