/**
 * Packages of Debian's suites, unpacked into a cache outside the project and never installed.
 *
 * The machine's own mirror is asked, with an apt configuration and lists that are this module's alone: other suites are not
 * added to the machine's.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from '../postgres.ts';
import { cacheFolder, isOnPath, makeOnce } from '../programs.ts';

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Where the machine has its packages from. */
function mirror(): string | undefined {
  const format = ['--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages'];
  const { stdout } = spawnSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' });
  const lines = (stdout ?? '').split('\n').map((line) => line.split(' '));
  return lines.find(([, codename = '']) => /^[a-z]+$/.test(codename))?.[0];
}

/** Options by which apt sees one suite of the mirror and nothing of the machine's. */
async function aptOptions(folder: string, from: string, suite: string): Promise<string[]> {
  for (const part of ['lists/partial', 'cache/archives/partial']) await mkdir(join(folder, part), { recursive: true });
  const sources = join(folder, 'sources.list');
  await writeFile(sources, `deb [signed-by=${KEYS}] ${from} ${suite} main\n`);
  const settings = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${join(folder, 'lists')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
  ];
  return settings.flatMap((setting) => ['-o', setting]);
}

async function downloadAndUnpack(name: string, suite: string, from: string, place: string): Promise<void> {
  const folder = await mkdtemp(join(cacheFolder(), 'apt-'));
  try {
    const options = await aptOptions(folder, from, suite);
    await runProgram('apt-get', [...options, '-q', 'update']);
    await runProgram('sh', [
      '-c',
      'cd "$1" && shift && exec apt-get "$@"',
      'sh',
      folder,
      ...options,
      '-q',
      'download',
      name,
    ]);
    const file = (await readdir(folder)).find((entry) => entry.endsWith('.deb'));
    if (file === undefined) throw new Error(`apt-get left no package of ${name}`);
    await runProgram('dpkg-deb', ['-x', join(folder, file), join(folder, 'unpacked')]);
    await rename(join(folder, 'unpacked'), place);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The folder that a package of a suite is unpacked in. `undefined` where there is no apt, or no Debian mirror. */
export async function ensureDebianPackage(name: string, suite: string): Promise<string | undefined> {
  const place = join(cacheFolder(), `${name}-${suite}`);
  const from = isOnPath('apt-get', ['--version']) && isOnPath('dpkg-deb', ['--version']) ? mirror() : undefined;
  if (from === undefined) return undefined;
  return makeOnce(place, async () => {
    process.stderr.write(`unpacking ${name} of ${suite} into ${cacheFolder()} (once) …\n`);
    await downloadAndUnpack(name, suite, from, place);
  });
}
