/**
 * Things that may be done in one place only: read the environment, end the process, write to the console, make an
 * error without a remedy, look at a clock. Looked for in the syntax tree, so comments and strings do not count.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import ts from 'typescript';

interface PlaceRule {
  readonly name: string;
  /** The expressions it is about, as they are written. */
  readonly found: (node: ts.Node, source: ts.SourceFile) => boolean;
  /** The files of src that may. */
  readonly allowed: RegExp;
}

const PURE = /^(?!src\/(postgres|walg)\/)/;

function isMember(...expressions: readonly string[]): PlaceRule['found'] {
  return (node, source) => ts.isPropertyAccessExpression(node) && expressions.includes(node.getText(source));
}

function isNew(names: readonly string[], withoutArguments = false): PlaceRule['found'] {
  return (node, source) =>
    ts.isNewExpression(node) &&
    names.includes(node.expression.getText(source)) &&
    (!withoutArguments || (node.arguments ?? []).length === 0);
}

function isThrown(names: readonly string[]): PlaceRule['found'] {
  const isBare = isNew(names);
  return (node, source) => ts.isThrowStatement(node) && isBare(node.expression, source);
}

const isConsole: PlaceRule['found'] = (node, source) =>
  ts.isPropertyAccessExpression(node) && node.expression.getText(source) === 'console';

const RULES: readonly PlaceRule[] = [
  { name: 'process.env is read in src/config only', found: isMember('process.env'), allowed: /^src\/config\// },
  { name: 'process.exit is called in src/main.ts only', found: isMember('process.exit'), allowed: /^src\/main\.ts$/ },
  { name: 'console is used in src/cli and src/main.ts only', found: isConsole, allowed: /^src\/(cli\/|main\.ts$)/ },
  {
    // A TypeError stands for a bug of ours, which has no remedy.
    name: 'what src throws is a Failure, with a remedy',
    found: isThrown(['Error', 'RangeError']),
    allowed: /^src\/base\//,
  },
  {
    name: 'src/postgres and src/walg read no clock and draw no chance',
    found: isMember('Date.now', 'Math.random', 'performance.now'),
    allowed: PURE,
  },
  { name: 'src/postgres and src/walg read no clock', found: isNew(['Date'], true), allowed: PURE },
];

/** The problems of one file of src, given by its path from the root. */
export function problemsOf(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const rules = RULES.filter((rule) => !rule.allowed.test(path));
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    for (const rule of rules) {
      if (!rule.found(node, source)) continue;
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      problems.push(`${path}:${line + 1}: ${node.getText(source).split('\n')[0] ?? ''}: ${rule.name}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

/** What is not a test, nor there for tests. */
function isShipped(name: string): boolean {
  return name.endsWith('.ts') && !/\.test\.ts$|(^|\/)conformance[^/]*\.ts$|\/testing\//.test(name);
}

/** The problems of every shipped file under `root`/src. */
export async function checkPlaces(root: string): Promise<{ files: number; problems: string[] }> {
  const names = (await readdir(join(root, 'src'), { recursive: true })).filter(isShipped).toSorted();
  const problems = await Promise.all(
    names.map(async (name) => problemsOf(`src/${name}`, await readFile(join(root, 'src', name), 'utf8'))),
  );
  return { files: names.length, problems: problems.flat() };
}

if (import.meta.main) {
  const { files, problems } = await checkPlaces(join(import.meta.dirname, '../..'));
  for (const problem of problems) console.log(problem);
  console.log(`${files} files, ${problems.length} problems`);
  process.exitCode = problems.length === 0 && files > 0 ? 0 : 1;
}
