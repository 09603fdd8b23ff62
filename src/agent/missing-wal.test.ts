import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SYSTEM_IDENTIFIER_KEY } from '../archive/archive-identity.ts';
import { segmentBytes } from '../archive/testing/segment-bytes.ts';
import { lsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import { openFailoverStore } from '../storage/failover-store.ts';
import { mayBeAway } from '../storage/may-be-away.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import type { DutyEvent } from './duty-event.ts';
import { healChain } from './heal-chain.ts';
import { findMissingWal } from './missing-wal.ts';
import type { PrimaryServer } from './server-line.ts';

const SIZE = 1024 * 1024;
const first: TimelineHistory = { timeline: 1, ancestors: [] };
/** The server was promoted in segment 5. */
const second: TimelineHistory = {
  timeline: 2,
  ancestors: [{ timeline: 1, switchLsn: lsn(BigInt(SIZE) * 5n + 4096n), reason: 'promoted' }],
};

function name(index: number, timeline = 1): string {
  return formatSegmentName({ timeline, index: BigInt(index) }, walSegmentSize(SIZE));
}

describe('the WAL that is missing in an archive', () => {
  let root: string;
  let store: ObjectStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-missing-'));
    store = await openStore({ kind: 'file', path: root });
    await mkdir(join(root, 'data/pg_wal/archive_status'), { recursive: true });
    await store.put(SYSTEM_IDENTIFIER_KEY, Buffer.from('{"systemIdentifier":"7"}'));
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true });
  });

  const archived = async (...names: string[]) => {
    for (const fileName of names) await store.put(`wal_005/${fileName}.zst`, Buffer.from('any'));
  };
  const status = async (fileName: string, is: 'ready' | 'done') =>
    writeFile(join(root, 'data/pg_wal/archive_status', `${fileName}.${is}`), '');
  const inPgWal = async (fileName: string, holds = fileName) =>
    writeFile(
      join(root, 'data/pg_wal', fileName),
      segmentBytes({ name: holds, sizeBytes: SIZE, systemIdentifier: 7n }),
    );

  function server(line: TimelineHistory, redoIndex = 0): PrimaryServer {
    const redoLsn = lsn(BigInt(SIZE) * BigInt(redoIndex) + 40n);
    return { systemIdentifier: 7n, majorVersion: 17, walSegmentSizeBytes: walSegmentSize(SIZE), line, redoLsn };
  }
  const find = async (line = first, fromIndex = 2, redoIndex = 0) =>
    findMissingWal(store, join(root, 'data'), server(line, redoIndex), lsn(BigInt(SIZE) * BigInt(fromIndex) + 40n));

  it('is nothing where one segment follows the other', async () => {
    await archived(name(2), name(3), name(4));
    expect(await find()).toEqual({ segmentCount: 3, missing: [], missingCount: 0 });
  });

  it('is what later segments are behind, from the position on', async () => {
    await archived(name(1), name(4), name(7));
    expect((await find()).missing).toEqual([name(2), name(3), name(5), name(6)]);
    expect((await find(first, 4)).missing).toEqual([name(5), name(6)]);
  });

  it('is not what the server has ready: that is under way', async () => {
    await archived(name(2), name(4));
    await status(name(3), 'ready');
    expect((await find()).missing).toEqual([]);
  });

  it('is what the server says is archived and is not', async () => {
    await archived(name(2), name(3));
    await status(name(4), 'done');
    await status(name(1), 'done');
    expect((await find()).missing).toEqual([name(4)]);
  });

  it('is what the server wrote before its checkpoint, though it says nothing of it: archive_mode may be off', async () => {
    await archived(name(2), name(3));
    expect((await find(first, 2, 4)).missing).toEqual([]);
    expect((await find(first, 2, 7)).missing).toEqual([name(4), name(5), name(6)]);
    await status(name(5), 'ready');
    expect((await find(first, 2, 7)).missing).toEqual([name(4), name(6)]);
  });

  it('is all of that where the archive has no WAL behind the position, and nothing in the segment of both', async () => {
    await archived(name(1));
    expect((await find(first, 2, 2)).missing).toEqual([]);
    expect((await find(first, 2, 4)).missing).toEqual([name(2), name(3)]);
    expect((await find(first, 4, 2)).missing).toEqual([]);
  });

  it('is the segment of a promotion on the new timeline, where the old one’s has it up to the switch only', async () => {
    await archived(name(2), name(3), name(4), name(5), '00000002.history');
    expect((await find(second, 2, 5)).missing).toEqual([]);
    expect((await find(second, 2, 7)).missing).toEqual([name(5, 2), name(6, 2)]);
  });

  it('has the name of the timeline that the line is on there', async () => {
    await archived(name(2), name(4), name(6, 2), '00000002.history');
    expect((await find(second)).missing).toEqual([name(3), name(5, 2)]);
  });

  it('holds the history file of a timeline of the line', async () => {
    await archived(name(2), name(3), name(4), name(5, 2));
    expect((await find(second)).missing).toEqual(['00000002.history']);
    await status('00000002.history', 'ready');
    expect((await find(second)).missing).toEqual([]);
  });

  it('is counted where it is too much to be named', async () => {
    await archived(name(2), name(10_003));
    const { missing, missingCount } = await find();
    expect([missing.length, missingCount]).toEqual([4096, 10_000]);
  });

  it('is pushed again from pg_wal; what was recycled there is lost', async () => {
    await archived(name(2), name(6));
    await inPgWal(name(3));
    await inPgWal(name(4), name(1));
    const events: DutyEvent[] = [];
    const options = {
      store,
      whole: store,
      dataDirectory: join(root, 'data'),
      compression: 'zstd',
      server: server(first),
      report: (event: DutyEvent) => events.push(event),
      signal: new AbortController().signal,
    } as const;
    expect(await healChain(await find(), options)).toEqual([name(4), name(5)]);
    expect(events).toEqual([{ kind: 'healed', fileName: name(3), key: `wal_005/${name(3)}.zst` }]);
    expect((await find()).missing).toEqual([name(4), name(5)]);
  });

  it('is pushed again while a failover storage is away, and not said to be lost: that may have it', async () => {
    const away = await openStore({ kind: 'file', path: join(root, 'not-mounted') });
    const whole = openFailoverStore(store, [away]);
    const forWriting = openFailoverStore(store, [mayBeAway(away, () => {})]);
    await archived(name(2), name(6));
    await inPgWal(name(5));
    const chain = await findMissingWal(forWriting, join(root, 'data'), server(first), lsn(BigInt(SIZE) * 2n + 40n));
    expect(chain.missing).toEqual([name(3), name(4), name(5)]);
    const healed: DutyEvent[] = [];
    const healing = healChain(chain, {
      store: forWriting,
      whole,
      dataDirectory: join(root, 'data'),
      compression: 'zstd',
      server: server(first),
      report: (event) => healed.push(event),
      signal: new AbortController().signal,
    });
    await expect(healing).rejects.toMatchObject({ kind: 'unavailable' });
    expect(healed).toMatchObject([{ kind: 'healed', fileName: name(5) }]);
  });
});
