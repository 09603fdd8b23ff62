import { describe, expect, it } from 'vitest';

import { checkPage } from './docs-page.ts';

const AROUND = {
  exists: (path: string) =>
    ['src/base/failure.ts', 'docs/glossary.md', 'src/cli/commands/*-*.ts', 'README.md'].includes(path),
  scripts: new Set(['demo', 'test:all']),
  targets: new Set(['help']),
  commands: new Map([
    ['undo', new Set<string>()],
    ['recover plan', new Set(['--to-latest'])],
  ]),
};

describe('the check of a page', () => {
  it.each([
    ['See `src/base/failure.ts` and `src/cli/commands/<noun>-<verb>.ts`.'],
    ['See [the glossary](glossary.md), [that](../README.md#top), [there](https://example.org/x) and [here](#here).'],
    ['Run `npm run demo`, `npm run test:all`, or `make help`.'],
    ['Type `walkback recover plan --to-latest`, then `walkback undo`.'],
    ['walkback is one word, also where a line begins with it.'],
    ['They land in `node_modules/` and `.tools/`; `archive_command` is PostgreSQL’s.'],
    ['```\nsrc/that/is/only/shown.ts\n```'],
  ])('passes %s', (text) => {
    expect(checkPage({ folder: 'docs', text }, AROUND)).toEqual([]);
  });

  it.each([
    ['See `src/base/absent.ts`.', '2: "src/base/absent.ts" is not there'],
    ['See `ABSENT.md`.', '2: "ABSENT.md" is not there'],
    ['See [it](absent.md).', '2: "absent.md" is not there'],
    ['Run `npm run absent`.', '2: package.json has no script "absent"'],
    ['Run `make absent`.', '2: the Makefile has no target "absent"'],
    ['Type `walkback rescue rows`.', '2: there is no command "walkback rescue rows"'],
    ['Type `walkback recover plan --to 5`.', '2: "walkback recover" takes no --to'],
    ['Fixed later (TODO).', '2: says that something is unfinished'],
    ['It is in `/home/somebody/walkback`.', '2: names a folder of one machine'],
  ])('catches in %s', (text, problem) => {
    expect(checkPage({ folder: 'docs', text: `# Page\n${text}` }, AROUND)).toEqual([problem]);
  });

  it('catches a command in a fenced block', () => {
    const text = '```\nnpm run absent\nwalkback absent\n```';
    expect(checkPage({ folder: '', text }, AROUND)).toEqual([
      '2: package.json has no script "absent"',
      '3: there is no command "walkback absent"',
    ]);
  });
});
