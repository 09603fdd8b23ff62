/**
 * Runs npm, and says in plain words what stopped it.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';

import { ToolchainProblem } from './problem.mjs';

const OFFLINE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT)\b/;
const ABSENT = /\b(E404|ETARGET)\b/;

function npm(args, cwd) {
  return spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
}

function registry(cwd) {
  return npm(['config', 'get', 'registry'], cwd).stdout?.trim() || 'the npm registry';
}

/** Why an npm that failed did so. Exported for its test. */
export function explain(output, what, registryUrl) {
  if (OFFLINE.test(output))
    return new ToolchainProblem(
      `cannot install ${what}: ${registryUrl} does not answer`,
      'Go online once, or point npm at a mirror ("npm config set registry URL") or a proxy ("npm config set https-proxy URL"). What is installed stays installed.',
    );
  if (ABSENT.test(output))
    return new ToolchainProblem(
      `cannot install ${what}: ${registryUrl} does not have it`,
      'Point npm at a registry that does ("npm config set registry https://registry.npmjs.org/").',
    );
  return new ToolchainProblem(`cannot install ${what}: npm failed`, output.trim());
}

/**
 * Runs `npm ARGS` in `cwd`.
 *
 * @param {readonly string[]} args
 * @param {string} cwd
 * @param {string} what what is being installed, for the message
 * @throws {ToolchainProblem}
 */
export function runNpm(args, cwd, what) {
  const result = npm(args, cwd);
  if (result.status === 0) return;
  if (result.error?.code === 'ENOENT')
    throw new ToolchainProblem(
      `cannot install ${what}: there is no npm on the PATH`,
      'Install Node with npm (any version from 18).',
    );
  throw explain(`${result.stdout ?? ''}\n${result.stderr ?? ''}\n${result.error ?? ''}`, what, registry(cwd));
}
