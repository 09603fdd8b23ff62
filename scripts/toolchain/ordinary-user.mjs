/**
 * Makes a command line run as an ordinary user when this is root, because PostgreSQL refuses to run as root.
 *
 * First choice: a user namespace (`unshare`), in which files made belong to root outside; nothing is created or
 * chowned for it. Where the system forbids user namespaces: the user `nobody`, with a home of its own, if it can read
 * the tree.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ToolchainProblem } from './problem.mjs';

const UNSHARE = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];

function canUnshare() {
  return spawnSync(UNSHARE[0], [...UNSHARE.slice(1), 'true'], { stdio: 'ignore' }).status === 0;
}

/** uid and gid of `nobody`. */
function nobody() {
  const line = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m);
  return line === null ? { uid: 65_534, gid: 65_534 } : { uid: Number(line[1]), gid: Number(line[2]) };
}

function canRead(user, root, node) {
  const script = 'require("fs").accessSync("package.json"); require("fs").readdirSync(".")';
  return spawnSync(node, ['-e', script], { ...user, cwd: root, stdio: 'ignore', env: {} }).status === 0;
}

function privateHome(user) {
  const home = mkdtempSync(join(tmpdir(), 'walkback-home-'));
  chownSync(home, user.uid, user.gid);
  process.on('exit', () => rmSync(home, { recursive: true, force: true }));
  return home;
}

/**
 * How to start `line` as an ordinary user.
 *
 * @param {readonly string[]} line the program and its arguments
 * @param {{ root: string, node: string, mayUnshare?: boolean }} given the project's folder and Node
 * @returns {{ line: string[], options: { uid?: number, gid?: number }, environment: Record<string, string> }}
 * @throws {ToolchainProblem} if there is no way.
 */
export function asOrdinaryUser(line, { root, node, mayUnshare = true }) {
  if (process.getuid?.() !== 0) return { line: [...line], options: {}, environment: {} };
  if (mayUnshare && process.platform === 'linux' && canUnshare())
    return { line: [...UNSHARE, ...line], options: {}, environment: {} };
  const user = nobody();
  if (!canRead(user, root, node))
    throw new ToolchainProblem(
      `cannot go on as root: PostgreSQL refuses root, user namespaces are off here, and the user "nobody" cannot read ${root}`,
      'Run this as an ordinary user, or move the folder to where every user can read it (not below /root).',
    );
  return { line: [...line], options: user, environment: { HOME: privateHome(user) } };
}
