/**
 * What WAL-G wrote in every compression and encryption is recovered, to its last moment.
 */

import { describe, expect, it } from 'vitest';

import { differingTables } from '../../scripts/prove/interop/compare-tables.ts';
import { fixtureArchives } from '../../scripts/prove/interop/fixture-archives.ts';
import { withArchiveAt } from '../../scripts/prove/interop/rehearse-archive.ts';

const archives = (await fixtureArchives()).filter(({ name }) => /brotli|lzma|sodium|pgp/.test(name));

describe('an archive of WAL-G', () => {
  it('is there in each kind', () => {
    expect(archives).toHaveLength(4);
  });

  it.each(archives)('is recovered to its last moment: $name', async (archive) => {
    const last = archive.moments.at(-1);
    if (last === undefined) throw new Error('no moments');
    const target = { kind: 'xid', xid: last.xid, inclusive: true } as const;
    const found = await withArchiveAt({ ...archive, timeline: last.timeline, target }, (standing) =>
      differingTables(standing, last.tables),
    );
    expect(found).toEqual([]);
  });
});
