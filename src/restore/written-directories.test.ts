import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { INCOMPLETE_MARK, prepareDestination } from './destination.ts';
import { writtenDirectories } from './written-directories.ts';

const root = await mkdtemp(join(tmpdir(), 'walkback-directories-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const NOTHING = { files: [], increments: [], directories: [], skipped: [] };

describe('the directories of a restore', () => {
  it('are those of its files, whether a part says that they are there or not', () => {
    const written = writtenDirectories([
      {
        ...NOTHING,
        files: [
          ['base/5/1259', 8192],
          ['PG_VERSION', 3],
        ],
      },
      { ...NOTHING, increments: [{ name: 'pg_tblspc/16400/PG_15/5/1', fileSizeBytes: 0, damaged: [] }] },
      {
        ...NOTHING,
        directories: [
          ['', 0o700],
          ['pg_logical/snapshots', 0o700],
        ],
      },
    ]);
    expect([...written].toSorted()).toEqual([
      'base',
      'base/5',
      'pg_logical',
      'pg_logical/snapshots',
      'pg_tblspc',
      'pg_tblspc/16400',
      'pg_tblspc/16400/PG_15',
      'pg_tblspc/16400/PG_15/5',
    ]);
  });

  it('are made with those above them, and it is told which of these have a new name in them', async () => {
    await mkdir(join(root, 'there'));
    const destination = join(root, 'there', 'a', 'b', 'data');
    const { parents } = await prepareDestination(
      { name: 'base_1', tablespaces: [{ oid: 16400, location: '/old' }] } as never,
      { destination, tablespaceLocations: new Map([[16400, join(root, 'there', 'space')]]) },
    );
    expect([...parents].toSorted()).toEqual([
      join(root, 'there'),
      join(root, 'there', 'a'),
      join(root, 'there', 'a', 'b'),
    ]);
    const again = prepareDestination({ name: 'base_1', tablespaces: [] } as never, {
      destination,
      tablespaceLocations: new Map(),
    });
    await expect(again).rejects.toMatchObject({ message: expect.stringContaining('interrupted') });
    expect(INCOMPLETE_MARK).toBe('WALKBACK_RESTORE_INCOMPLETE');
  });
});
