import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { EvidenceFinder } from './find-evidence.ts';
import { readFailureModes } from './read-page.ts';
import { readTests } from './read-tests.ts';

const PAGE = `# Failure modes

Words, with a list:

- nothing

## F-01 A time

Why.

- \`src/a.test.ts\` › reads a time
  that goes over two lines
- proof \`entrypoint\` › a time without a zone (F-01)

## F-02 Claims

- proof \`prune\`
- something else
`;

describe('the page of failure modes', () => {
  it('is read with what shows each of them, and with what cannot be read', () => {
    expect(readFailureModes(PAGE)).toEqual([
      {
        id: 'F-01',
        title: 'A time',
        evidence: [
          { kind: 'test', path: 'src/a.test.ts', title: 'reads a time that goes over two lines' },
          { kind: 'proof', name: 'entrypoint', set: 'a time without a zone (F-01)' },
        ],
        unread: [],
      },
      {
        id: 'F-02',
        title: 'Claims',
        evidence: [{ kind: 'proof', name: 'prune', set: undefined }],
        unread: ['something else'],
      },
    ]);
  });
});

const TESTS = `
describe('a', () => {
  it('runs', () => {});
  it.each([1, 2])('runs with %i', () => {});
  it.skipIf(server === undefined)('runs where it can', () => {});
  it.skip('does not run', () => {});
  // it('is a comment', () => {});
});
describe.skip('b', () => {
  it('is in what does not run', () => {});
});
`;

describe('the tests of a file', () => {
  it('are those that its syntax has, with those that never run', () => {
    expect(readTests(TESTS, 'a.test.ts').map(({ title, isSkipped }) => [title, isSkipped])).toEqual([
      ['runs', false],
      ['runs with %i', false],
      ['runs where it can', false],
      ['does not run', true],
      ['is in what does not run', true],
    ]);
  });
});

describe('what a page names', () => {
  const root = mkdtempSync(join(tmpdir(), 'walkback-evidence-'));
  afterAll(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'src'));
  mkdirSync(join(root, 'scripts/prove/table/sets'), { recursive: true });
  writeFileSync(join(root, 'src/a.test.ts'), TESTS);
  writeFileSync(join(root, 'scripts/prove/table.ts'), '');
  writeFileSync(join(root, 'scripts/prove/table/sets/a.yaml'), '- name: one\n- name: two\n');
  const finder = new EvidenceFinder(root);
  const test = (title: string, path = 'src/a.test.ts') => finder.problemOf({ kind: 'test', path, title });

  it('is missed where it is not there, or never runs', () => {
    expect(test('runs with %i')).toBeUndefined();
    expect(test('run')).toMatch(/has no test "run"/);
    expect(test('is a comment')).toMatch(/has no test/);
    expect(test('is in what does not run')).toMatch(/never runs/);
    expect(test('runs', 'src/b.test.ts')).toMatch(/is not there/);
    expect(test('runs', 'src/a.ts')).toMatch(/no file of tests/);
    const set = (name: string, one: string | undefined) => finder.problemOf({ kind: 'proof', name, set: one });
    expect([set('table', undefined), set('table', 'two')]).toEqual([undefined, undefined]);
    expect(set('table', 'three')).toMatch(/no set "three"/);
    expect(set('other', undefined)).toMatch(/other\.ts is not there/);
  });
});
