import { describe, expect, test } from 'vitest';

import { readBlocks } from './read-blocks.ts';

describe('the blocks of a page', () => {
  test('are those marked sh, in their order, without the indent of a list', () => {
    const page = [
      '# A',
      '```sh',
      'one',
      '```',
      '```',
      'not run',
      '```',
      '1. x',
      '',
      '   ```sh',
      '   two',
      '   three',
      '   ```',
    ];
    expect(readBlocks(page.join('\n'))).toEqual([
      { line: 3, commands: ['one'] },
      { line: 11, commands: ['two', 'three'] },
    ]);
  });

  test('must be closed', () => {
    expect(() => readBlocks('```sh\none')).toThrow('line 1 opens a block that nothing closes');
  });
});
