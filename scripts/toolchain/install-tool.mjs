/**
 * Brings the tools that are named as arguments (`node`, `postgres-17`): a process of its own for each, so that they are
 * fetched at the same time.
 *
 * Plain JavaScript, built-in modules only, as all that runs before the project's own Node is there.
 *
 * @module
 */
import { installTool } from '../toolchain.mjs';
import { EXIT_UNAVAILABLE, ToolchainProblem } from './problem.mjs';

try {
  for (const name of process.argv.slice(2)) installTool(name);
} catch (error) {
  if (!(error instanceof ToolchainProblem)) throw error;
  process.stderr.write(`walkback: ${error.message}\n`);
  process.exitCode = EXIT_UNAVAILABLE;
}
