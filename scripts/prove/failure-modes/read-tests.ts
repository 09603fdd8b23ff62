/**
 * The tests of a file, by their names, as the file's syntax tells: a name in a comment is no test.
 *
 * @module
 */

import ts from 'typescript';

/** A test. */
export interface NamedTest {
  readonly title: string;
  /** It, or what it is in, is never run. Tests that cannot run somewhere (`skipIf`, `runIf`) are. */
  readonly isSkipped: boolean;
}

const TEST_FUNCTIONS = new Set(['it', 'test']);
const NEVER_RUN = new Set(['skip', 'todo']);

/** `it`, `describe.skip`, `it.each(…)`: the first name, and those behind it. */
function namesOf(callee: ts.Expression): string[] {
  if (ts.isIdentifier(callee)) return [callee.text];
  if (ts.isPropertyAccessExpression(callee)) return [...namesOf(callee.expression), callee.name.text];
  if (ts.isCallExpression(callee) || ts.isTaggedTemplateExpression(callee)) {
    return namesOf(ts.isCallExpression(callee) ? callee.expression : callee.tag);
  }
  return [];
}

/** The tests that `text` defines, in order. */
export function readTests(text: string, path: string): NamedTest[] {
  const tests: NamedTest[] = [];
  const visit = (node: ts.Node, isWithinSkipped: boolean): void => {
    let isSkipped = isWithinSkipped;
    if (ts.isCallExpression(node)) {
      const [first = '', ...rest] = namesOf(node.expression);
      const isNeverRun = rest.some((name) => NEVER_RUN.has(name));
      const [title] = node.arguments;
      if (TEST_FUNCTIONS.has(first) && title !== undefined && ts.isStringLiteralLike(title)) {
        tests.push({ title: title.text, isSkipped: isSkipped || isNeverRun });
      }
      if (first === 'describe' && isNeverRun) isSkipped = true;
    }
    ts.forEachChild(node, (child) => visit(child, isSkipped));
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false), false);
  return tests;
}
