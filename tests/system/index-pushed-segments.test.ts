import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { endData, SYNTHETIC_SYSTEM, SyntheticWal } from '../support/synthetic-wal.ts';
import type { AgentEvent } from '../../src/archive/agent-event.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { decodeSegmentIndex } from '../../src/wal-index/decode.ts';
import { segmentIndexKey } from '../../src/wal-index/index-object.ts';
import { PushedSegmentIndexes } from '../../src/app/index-pushed-segments.ts';

const RM_XACT = 1;
const RM_LOGICALMSG = 21;
const SEGMENTS = [1, 2, 3, 4].map((number) => `00000001000000000000000${number}`);

let folder = '';
let store: ObjectStore;
let bytesOf: ReadonlyMap<string, Buffer>;
let warnings: string[];
let stop: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-pushed-'));
  for (const name of ['archive/wal_005', 'data/pg_wal']) await mkdir(join(folder, name), { recursive: true });
  store = await openStore({ kind: 'file', path: join(folder, 'archive') });
  const written = new SyntheticWal();
  while (written.segments().length <= SEGMENTS.length) {
    written.append({ resourceManager: RM_XACT, xid: 700, mainData: endData(1_700_000_000_000_000n) });
    written.append({ resourceManager: RM_LOGICALMSG, mainData: Buffer.alloc(300_000) });
  }
  bytesOf = new Map(SEGMENTS.map((name, place) => [name, written.segments()[place]?.bytes ?? Buffer.alloc(0)]));
  warnings = [];
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

function open(): PushedSegmentIndexes {
  const dataDirectory = join(folder, 'data');
  return new PushedSegmentIndexes({
    store,
    dataDirectory,
    onWarning: (text) => warnings.push(text),
    signal: stop.signal,
  });
}

const serving: AgentEvent = { kind: 'serving', systemIdentifier: SYNTHETIC_SYSTEM, timeline: 1, spool: '' };
const pushed = (fileName: string): AgentEvent => ({ kind: 'pushed', fileName, key: '', storedBytes: 0 });

async function put(where: 'archive/wal_005' | 'data/pg_wal', names: readonly string[]): Promise<void> {
  for (const name of names) await writeFile(join(folder, where, name), bytesOf.get(name) ?? '');
}

async function indexed(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('walkback_001/history/')) found.push(key);
  return found;
}

async function untilIndexed(names: readonly string[]): Promise<void> {
  const keys = names.map(segmentIndexKey);
  for (let tries = 0; tries < 400; tries += 1) {
    if ((await indexed()).length >= keys.length) break;
    await sleep(25);
  }
  expect(await indexed()).toStrictEqual(keys);
}

describe('indexes of pushed segments', () => {
  it('are made of what is in pg_wal, which nothing but segments is taken for', async () => {
    await put('data/pg_wal', SEGMENTS.slice(0, 2));
    await using indexes = open();
    indexes.take(serving);
    for (const name of [...SEGMENTS.slice(0, 2), '00000002.history', `${SEGMENTS[0]}.00000028.backup`])
      indexes.take(pushed(name));
    await untilIndexed(SEGMENTS.slice(0, 2));
    const key = segmentIndexKey(SEGMENTS[1] ?? '');
    const index = decodeSegmentIndex((await store.get(key)) ?? Buffer.alloc(0), key);
    expect(index).toMatchObject({ fileName: SEGMENTS[1], systemIdentifier: SYNTHETIC_SYSTEM, stop: undefined });
    expect(warnings).toStrictEqual([]);
  });

  it('are made of the archived segment where the server has used the file for another by then, or removed it', async () => {
    await put('archive/wal_005', SEGMENTS.slice(0, 3));
    await writeFile(join(folder, 'data/pg_wal', SEGMENTS[0] ?? ''), bytesOf.get(SEGMENTS[3] ?? '') ?? '');
    await using indexes = open();
    indexes.take(serving);
    for (const name of SEGMENTS.slice(0, 2)) indexes.take(pushed(name));
    await untilIndexed(SEGMENTS.slice(0, 2));
  });

  it('are made up for by the next agent behind the last that is there', async () => {
    await put('archive/wal_005', SEGMENTS);
    await put('data/pg_wal', SEGMENTS.slice(0, 1));
    {
      await using first = open();
      first.take(serving);
      first.take(pushed(SEGMENTS[0] ?? ''));
      await untilIndexed(SEGMENTS.slice(0, 1));
    }
    await using second = open();
    second.take(serving);
    await untilIndexed(SEGMENTS);
  });

  it('are not begun with by an agent on an archive that has none', async () => {
    await put('archive/wal_005', SEGMENTS);
    await using indexes = open();
    indexes.take(serving);
    await sleep(200);
    expect(await indexed()).toStrictEqual([]);
  });

  it('end with the agent, whatever waits', async () => {
    await put('data/pg_wal', SEGMENTS);
    {
      await using indexes = open();
      indexes.take(serving);
      for (const name of SEGMENTS) indexes.take(pushed(name));
      stop.abort();
    }
    expect(warnings).toStrictEqual([]);
  });
});
