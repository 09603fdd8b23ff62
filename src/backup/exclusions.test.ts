import { describe, expect, it } from 'vitest';

import { isExcludedFile, isUnloggedContent, parseRelationFileName, unloggedFileNodes } from './exclusions.ts';

describe('a file that is never backed up', () => {
  it.each(['pg_internal.init', 'pg_internal.init.123', 't3_16384', 't12_16384_fsm', 't3_16384.1', 'pgsql_tmp12.3'])(
    '%s',
    (name) => {
      expect(isExcludedFile(name)).toBe(true);
    },
  );

  it.each(['16384', '16384_fsm', 'pg_filenode.map', 'PG_VERSION', 'table_1', 't_1', 'log'])('is not %s', (name) => {
    expect(isExcludedFile(name)).toBe(false);
  });
});

describe('the file name of a relation', () => {
  it.each([
    ['16384', { fileNode: '16384', fork: 'main', segmentNumber: 0 }],
    ['16384.12', { fileNode: '16384', fork: 'main', segmentNumber: 12 }],
    ['16384_vm.1', { fileNode: '16384', fork: 'vm', segmentNumber: 1 }],
    ['16384_init', { fileNode: '16384', fork: 'init', segmentNumber: 0 }],
    ['PG_VERSION', undefined],
    ['16384_', undefined],
    ['16384.', undefined],
  ])('%s', (name, relation) => {
    expect(parseRelationFileName(name)).toEqual(relation);
  });
});

describe('an unlogged relation', () => {
  const unlogged = unloggedFileNodes(['16384', '16384_init', '16384_fsm', '16384.1', '16390']);

  it.each(['16384', '16384_fsm', '16384.1'])('leaves out %s', (name) => {
    expect(isUnloggedContent(name, unlogged)).toBe(true);
  });

  it.each(['16384_init', '16390', 'PG_VERSION'])('keeps %s', (name) => {
    expect(isUnloggedContent(name, unlogged)).toBe(false);
  });
});
