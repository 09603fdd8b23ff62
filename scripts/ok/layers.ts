/**
 * The layer check: dependency-cruiser with the project's rules, refused unless it saw every module there is.
 *
 * dependency-cruiser reports success over no modules at all when it cannot use the installed TypeScript, so its own
 * verdict is not enough.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { cruise } from 'dependency-cruiser';

import configuration, { MAY_IMPORT } from '../../.dependency-cruiser.mjs';

const FOLDERS = ['src', 'tests', 'scripts', 'bench'];

async function sourceFiles(root: string): Promise<string[]> {
  const found = await Promise.all(
    FOLDERS.map(async (folder) => {
      const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith('.ts')).map((name) => `${folder}/${name}`);
    }),
  );
  return found.flat();
}

/** What the layer check found. */
export interface LayerReport {
  readonly modules: number;
  /** One line each; empty when all is well. */
  readonly problems: readonly string[];
}

/** Cruises the tree at `root` with the project's rules. */
export async function checkLayers(root: string): Promise<LayerReport> {
  const files = await sourceFiles(root);
  const { forbidden, options } = configuration;
  const { output } = await cruise(files, { ...options, baseDir: root, validate: true, ruleSet: { forbidden } });
  if (typeof output === 'string') throw new TypeError('dependency-cruiser answered with text');
  const seen = new Set(output.modules.map((module) => module.source));
  const unseen = files.filter((file) => !seen.has(file)).map((file) => `${file} was not looked at`);
  const none = files.length === 0 || seen.size === 0 ? ['no modules were looked at: this check proves nothing'] : [];
  const homeless = files
    .filter(
      (file) => file.startsWith('src/') && file !== 'src/main.ts' && MAY_IMPORT[file.split('/')[1] ?? ''] === undefined,
    )
    .map((file) => `${file}: its folder has no row in .dependency-cruiser.mjs`);
  const violations = output.summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle === undefined ? to : cycle.map((step) => step.name).join(' → ');
    return `${rule.name}: ${from} → ${path}`;
  });
  return { modules: files.length - unseen.length, problems: [...none, ...unseen, ...homeless, ...violations] };
}

if (import.meta.main) {
  const { modules, problems } = await checkLayers(join(import.meta.dirname, '../..'));
  for (const problem of problems) console.log(problem);
  console.log(`${modules} modules, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
