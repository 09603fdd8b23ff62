import { describe, expect, it } from 'vitest';

import { problemsOf } from './places.ts';

describe('the check of places', () => {
  it.each([
    ['src/archive/push.ts', 'const a = process.env.HOME;', 'process.env is read in src/config only'],
    ['src/cli/program.ts', 'process.exit(1);', 'process.exit is called in src/main.ts only'],
    ['src/storage/open.ts', "console.log('x');", 'console is used in src/cli and src/main.ts only'],
    ['src/restore/a.ts', "throw new Error('x');", 'what src throws is a Failure, with a remedy'],
    ['src/postgres/a.ts', 'const a = Date.now();', 'src/postgres and src/walg read no clock and draw no chance'],
    ['src/walg/a.ts', 'const a = new Date();', 'src/postgres and src/walg read no clock'],
  ])('catches in %s: %s', (path, text, rule) => {
    expect(problemsOf(path, `\n${text}\n`)).toEqual([expect.stringMatching(new RegExp(`^${path}:2: .*${rule}$`))]);
  });

  it.each([
    ['src/config/from-environment.ts', 'const a = process.env.HOME;'],
    ['src/main.ts', 'process.exit(1); console.error(1);'],
    ['src/cli/output/text.ts', 'console.log(1);'],
    ['src/postgres/a.ts', 'const a = new Date(5);'],
    ['src/archive/a.ts', "// process.env\nconst a = 'process.exit(1)';"],
    ['src/archive/a.ts', 'const a = Date.now();'],
    ['src/archive/a.ts', "throw new Failure('usage', details);"],
    ['src/archive/a.ts', "controller.abort(new Error('the connection has ended'));"],
  ])('lets %s have: %s', (path, text) => {
    expect(problemsOf(path, text)).toEqual([]);
  });
});
