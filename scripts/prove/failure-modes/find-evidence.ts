/**
 * Whether what a page names is there: the test in its file, the proof, the set in the proof's table.
 *
 * @module
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import type { Evidence } from './read-page.ts';
import { readTests, type NamedTest } from './read-tests.ts';

const TEST_FILE = /^(?:src|tests|scripts)\/.*\.test\.ts$/;

/** Looks into the files below a root. */
export class EvidenceFinder {
  readonly #root: string;
  readonly #tests = new Map<string, readonly NamedTest[]>();

  constructor(root: string) {
    this.#root = root;
  }

  /** What is wrong with it; `undefined` if it is there. */
  problemOf(evidence: Evidence): string | undefined {
    switch (evidence.kind) {
      case 'test':
        return this.#problemOfTest(evidence);
      case 'proof':
        return this.#problemOfProof(evidence);
    }
  }

  #problemOfTest({ path, title }: Extract<Evidence, { kind: 'test' }>): string | undefined {
    if (!TEST_FILE.test(path)) return `${path} is no file of tests`;
    if (!existsSync(join(this.#root, path))) return `${path} is not there`;
    const named = this.#testsOf(path).filter((test) => test.title === title);
    if (named.length === 0) return `${path} has no test "${title}"`;
    return named.every(({ isSkipped }) => isSkipped) ? `${path} never runs "${title}"` : undefined;
  }

  #testsOf(path: string): readonly NamedTest[] {
    const tests = this.#tests.get(path) ?? readTests(readFileSync(join(this.#root, path), 'utf8'), path);
    this.#tests.set(path, tests);
    return tests;
  }

  #problemOfProof({ name, set }: Extract<Evidence, { kind: 'proof' }>): string | undefined {
    const file = `scripts/prove/${name}.ts`;
    if (!existsSync(join(this.#root, file))) return `${file} is not there`;
    if (set === undefined) return undefined;
    return this.#setsOf(name).has(set) ? undefined : `proof ${name} has no set "${set}"`;
  }

  #setsOf(name: string): ReadonlySet<string> {
    const folder = join(this.#root, `scripts/prove/${name}/sets`);
    const names: string[] = [];
    for (const file of existsSync(folder) ? readdirSync(folder) : []) {
      const sets: unknown = parse(readFileSync(join(folder, file), 'utf8'));
      if (Array.isArray(sets)) for (const set of sets) names.push(...nameIn(set));
    }
    return new Set(names);
  }
}

function nameIn(set: unknown): string[] {
  if (typeof set !== 'object' || set === null || !('name' in set)) return [];
  return typeof set.name === 'string' ? [set.name] : [];
}
