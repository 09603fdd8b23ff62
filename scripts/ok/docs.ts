/**
 * The documentation check: what the pages name exists, and what is generated is up to date.
 *
 * In each page of ours: files and folders in code spans and links, `npm run` scripts, `make` targets and `walkback`
 * commands exist; nothing names one machine's folders or leaves a mark that work is unfinished. ARCHITECTURE.md names
 * every folder of src.
 *
 * @module
 */

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { flagsOf } from '../../src/cli/command-flags.ts';
import { PROGRAM } from '../../src/cli/program.ts';

import { checkPage } from './docs-page.ts';
import type { Surroundings } from './docs-page.ts';

const REFERENCE_SCRIPT = 'scripts/generate-reference.ts';

function scriptNames(root: string): ReadonlySet<string> {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('scripts' in manifest)) return new Set();
  return new Set(Object.keys(Object(manifest.scripts)));
}

function makeTargets(root: string): ReadonlySet<string> {
  const file = join(root, 'Makefile');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return new Set(Array.from(text.matchAll(/^([a-z][a-z-]*):/gm), (match) => match[1] ?? ''));
}

async function commandFlags(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const commands = await Promise.all(PROGRAM.map((entry) => entry.load()));
  return new Map(commands.map((command) => [command.path.join(' '), new Set(flagsOf(command).keys())]));
}

async function surroundingsOf(root: string): Promise<Surroundings> {
  return {
    exists: (path) => (/[*{]/.test(path) ? globSync(path, { cwd: root }).length > 0 : existsSync(join(root, path))),
    scripts: scriptNames(root),
    targets: makeTargets(root),
    commands: await commandFlags(),
  };
}

function pagesOf(root: string): string[] {
  const pages = globSync(['*.md', 'docs/**/*.md', 'src/**/*.md', 'bench/**/*.md', 'deploy/**/*.md'], { cwd: root });
  return pages.filter((page) => !page.startsWith('docs/reference/')).toSorted();
}

function foldersLeftOut(root: string): string[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  return readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !text.includes(`src/${entry.name}/`))
    .map((entry) => `ARCHITECTURE.md: does not name src/${entry.name}/`);
}

function staleReference(root: string): string[] {
  if (!existsSync(join(root, REFERENCE_SCRIPT))) return [`${REFERENCE_SCRIPT}: is not there`];
  const { status, stdout, stderr } = spawnSync(process.execPath, [REFERENCE_SCRIPT, '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? [] : [`docs/reference: not up to date; run "npm run reference"\n${stdout}${stderr}`];
}

/** Every problem of the documentation at `root`, one line each. */
export async function checkDocs(root: string): Promise<{ pages: number; problems: string[] }> {
  const surroundings = await surroundingsOf(root);
  const pages = pagesOf(root);
  const problems = pages.flatMap((page) =>
    checkPage({ folder: relative('', dirname(page)), text: readFileSync(join(root, page), 'utf8') }, surroundings).map(
      (problem) => `${page}:${problem}`,
    ),
  );
  return { pages: pages.length, problems: [...problems, ...foldersLeftOut(root), ...staleReference(root)] };
}

if (import.meta.main) {
  const { pages, problems } = await checkDocs(join(import.meta.dirname, '../..'));
  for (const problem of problems) console.log(problem);
  console.log(`${pages} pages, ${problems.length} problems`);
  process.exitCode = problems.length === 0 && pages > 0 ? 0 : 1;
}
