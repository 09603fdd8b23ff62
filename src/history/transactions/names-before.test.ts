import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lsn } from '../../postgres/lsn.ts';
import type { CatalogChange } from '../../postgres/wal-records/catalog-change.ts';
import { formatSegmentName, walSegmentSize } from '../../postgres/wal-segment.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { openStore } from '../../storage/open.ts';
import { encodeSegmentIndex } from '../../wal-index/encode.ts';
import { segmentIndexKey } from '../../wal-index/index-object.ts';
import type { IndexEvent } from '../../wal-index/segment-index.ts';
import { NameBook } from '../names/name-book.ts';
import { classRow, DATABASE, snapshotAt, update, version } from '../names/testing/catalog.ts';
import { followNamesBefore } from './names-before.ts';
import { at, ended, segment, SEGMENT_BYTES } from './testing/hand-made-index.ts';

const LINE = { timeline: 1, ancestors: [] };
const ORDERS = classRow(16_401, 'orders');
const REWRITTEN = version(ORDERS, 2, { filenode: 17_000 });
const NAMED = { invalidatedOids: [{ databaseOid: DATABASE, oid: ORDERS.oid }] };
const fileOf = (filenode: number) => ({ tablespaceOid: 1663, databaseOid: DATABASE, filenode });
const nameOf = (n: number) => formatSegmentName({ timeline: 1, index: BigInt(n) }, walSegmentSize(SEGMENT_BYTES));

let folder = '';
let store: ObjectStore;
let warnings: string[] = [];
const present: number[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-names-before-'));
  store = await openStore({ kind: 'file', path: folder });
  warnings = [];
  present.length = 0;
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** The index of the `n`-th segment, in the archive. */
async function put(n: number, events: readonly (IndexEvent | CatalogChange)[] = []): Promise<Buffer> {
  const object = encodeSegmentIndex(segment(n, events, [], { fileName: nameOf(n), major: 18 }));
  await store.put(segmentIndexKey(nameOf(n)), object);
  present.push(n);
  return object;
}

/** A summary that is sound, before a body that cannot be read. */
async function putUnreadable(n: number): Promise<void> {
  const object = await put(n);
  await store.put(segmentIndexKey(nameOf(n)), object.fill(0, object.length - 8));
}

/** From a snapshot in the first segment up to the `n`-th. */
async function follow(n: number) {
  const names = new NameBook();
  names.addSnapshot(snapshotAt(at(1, 0x100), [ORDERS]));
  const ranges = present.map((one) => ({ firstIndex: BigInt(one), lastIndex: BigInt(one) }));
  const follower = await followNamesBefore({
    store,
    wal: {
      systemIdentifier: 1n,
      majorVersion: 18,
      segmentSizeBytes: walSegmentSize(SEGMENT_BYTES),
      segments: new Map([[1, ranges]]),
      historyTimelines: [],
      objectBytes: new Map(),
    },
    line: LINE,
    names,
    fromLsn: lsn(at(n, 0)),
    onWarning: (message) => void warnings.push(message),
  });
  return { names, follower };
}

describe('names at a position behind their last snapshot', () => {
  it('are those that a transaction gave them whose end is segments behind its change', async () => {
    await put(1);
    await put(2, [update(at(2, 64), 700, ORDERS, REWRITTEN)]);
    await put(3);
    await put(4, [ended('commit', 700, at(4, 64), NAMED)]);
    await put(5);
    const { names } = await follow(6);
    expect(names.ofFile(fileOf(17_000), lsn(at(6, 0)))).toMatchObject({ name: 'orders', schemaName: 'public' });
    expect(warnings).toEqual([]);
  });

  it('go on from there: a later change says only what differs', async () => {
    await put(1, [update(at(1, 0x200), 700, ORDERS, REWRITTEN), ended('commit', 700, at(1, 0x300), NAMED)]);
    await put(2);
    const { names, follower } = await follow(3);
    follower.follow(update(at(3, 64), 701, REWRITTEN, version(REWRITTEN, 3, { name: 'archived', filenode: 17_001 })));
    follower.commit({ xids: [701], lsn: lsn(at(3, 128)), invalidatedOids: NAMED.invalidatedOids });
    expect(names.ofFile(fileOf(17_001), lsn(at(4, 0)))?.name).toBe('archived');
    expect(names.ofFile(fileOf(17_000), lsn(at(3, 0)))?.name).toBe('orders');
  });

  it('need nothing of segments in which no name changed', async () => {
    await put(1, [update(at(1, 0x200), 700, ORDERS, REWRITTEN), ended('commit', 700, at(1, 0x300), NAMED)]);
    await put(2);
    for (let n = 3; n < 40; n += 1) await putUnreadable(n);
    const { names } = await follow(40);
    expect(names.ofOid(DATABASE, ORDERS.oid, lsn(at(40, 0)))?.filenode).toBe(17_000);
    expect(warnings).toEqual([]);
  });

  it('do not change with what was rolled back', async () => {
    await put(1);
    await put(2, [update(at(2, 64), 700, ORDERS, version(ORDERS, 2, { name: 'never' }))]);
    await put(3, [ended('abort', 700, at(3, 64))]);
    const { names } = await follow(4);
    expect(names.ofOid(DATABASE, ORDERS.oid, lsn(at(4, 0)))?.name).toBe('orders');
  });

  it('are told to be uncertain where a segment in between is missing, or has an index that cannot be read', async () => {
    await put(1);
    await put(3);
    await put(4, [update(at(4, 64), 700, ORDERS, REWRITTEN), ended('commit', 700, at(4, 96), NAMED)]);
    const { names } = await follow(5);
    expect(warnings).toEqual([
      `names cannot be followed through ${nameOf(2)}: it is not there. What was renamed or rewritten there may have an older name.`,
    ]);
    expect(names.ofFile(fileOf(17_000), lsn(at(5, 0)))?.name).toBe('orders');
  });
});
