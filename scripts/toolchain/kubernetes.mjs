/**
 * A real Kubernetes of one node for a task that goes on as an ordinary user and could start none: built with Go once, started
 * and ended by root. `BED_STATE` names one that runs already, and is then used and left as it is.
 *
 * Plain JavaScript, built-in modules only, as all that runs before the project's own Node is there.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withLock } from './lock.mjs';
import { ToolchainProblem } from './problem.mjs';

const SCRIPTS = fileURLToPath(new URL('../../tests/support/kubernetes', import.meta.url));
const PROGRAMS = ['go', 'containerd', 'runc', 'iptables', 'nft', 'conntrack', 'openssl', 'curl', 'ip', 'nsenter'];
const PACKAGES = 'containerd runc containernetworking-plugins iptables nftables conntrack openssl curl iproute2';

function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Where the bed's programs are built to. */
function programsFolder() {
  const base = process.env.WALKBACK_CACHE ?? process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(base, 'walkback', 'kubernetes', 'bin');
}

/** Why there can be no bed here; `undefined` if there can be one. */
export function whyNoBed() {
  if (process.platform !== 'linux') return 'the bed runs on Linux only';
  if (process.getuid() !== 0) return 'network namespaces and containers are made by root only';
  const absent = PROGRAMS.filter(
    (program) => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status !== 0,
  );
  if (!existsSync('/usr/lib/cni/bridge')) absent.push('/usr/lib/cni/bridge');
  return absent.length === 0 ? undefined : `${absent.join(', ')} not here (Go; apt-get install ${PACKAGES})`;
}

function mustRun(words, what) {
  const { status, stdout, stderr, error } = spawnSync('bash', words, { encoding: 'utf8' });
  if (status === 0) return;
  const said = `${stdout ?? ''}\n${stderr ?? ''}\n${error ?? ''}`.trim().split('\n').slice(-15).join('\n');
  throw new ToolchainProblem(`cannot ${what}`, said);
}

/**
 * Builds the programs where they are not current.
 *
 * @returns {string} the folder they are in
 * @throws {ToolchainProblem} with the end of what was printed, if they cannot be built.
 */
export function ensurePrograms() {
  const folder = programsFolder();
  mkdirSync(folder, { recursive: true });
  const build = () => {
    if (!existsSync(join(folder, 'built-from'))) say(`building Kubernetes into ${folder} (once, some minutes) …`);
    mustRun([join(SCRIPTS, 'build.sh'), folder], 'build Kubernetes');
  };
  withLock(`${folder}.lock`, build, () => say('waiting for another process, which builds Kubernetes …'));
  return folder;
}

/**
 * Starts a bed, or takes the one that is named.
 *
 * @returns {{ environment: Record<string, string>, close: () => void }} how tests find it
 * @throws {ToolchainProblem} with the end of what was printed, if it does not start.
 */
export function startBed() {
  const programs = ensurePrograms();
  const named = process.env.BED_STATE;
  if (named !== undefined) return { environment: { BED_STATE: named, BED_PROGRAMS: programs }, close: () => {} };
  const state = mkdtempSync(join(tmpdir(), 'walkback-bed-'));
  const close = () => spawnSync('bash', [join(SCRIPTS, 'down.sh'), state], { stdio: 'ignore' });
  try {
    mustRun([join(SCRIPTS, 'up.sh'), programs, state], 'start Kubernetes');
  } catch (error) {
    close();
    throw error;
  }
  return { environment: { BED_STATE: state, BED_PROGRAMS: programs }, close };
}
