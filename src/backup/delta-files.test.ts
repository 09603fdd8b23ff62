import { describe, expect, it } from 'vitest';

import type { FileDescription } from '../walg/files-metadata.ts';
import type { ChangedBlocks, StoredEntry } from './data-directory.ts';
import { planDeltaFiles, type DeltaBase } from './delta-files.ts';

const STARTED = new Date('2026-01-01T00:00:00Z');
const STARTED_NS = BigInt(STARTED.getTime()) * 1_000_000n;
const LONG_BEFORE = STARTED_NS - 60_000_000_000n;
const SECOND = 1_000_000_000n;

function entry(name: string, mtimeNs: bigint, relationSegment?: number): StoredEntry {
  const common = { name, path: name, type: 'file', sizeBytes: 8192, mode: 0o600, uid: 0, gid: 0, mtimeNs } as const;
  return relationSegment === undefined ? common : { ...common, relationSegment };
}

const VERSION = entry('/base/5/PG_VERSION', LONG_BEFORE);

function baseOf(entries: readonly StoredEntry[], more: Partial<FileDescription> = {}): DeltaBase {
  const described = (mtimeNs: bigint) => ({
    isIncremented: false,
    isSkipped: false,
    mtimeNs,
    updatesCount: 0,
    ...more,
  });
  const files = new Map([...entries, VERSION].map(({ name, mtimeNs }) => [name, described(mtimeNs)]));
  return { files, startedAt: STARTED, startLsn: 1000n };
}

/** What becomes of `now`, if the parent had `before`. */
function fate(
  now: StoredEntry,
  before: StoredEntry | undefined,
  version = VERSION,
  more: Partial<DeltaBase> = {},
): string {
  const base = { ...baseOf(before === undefined ? [] : [before]), ...more };
  const { stored, skipped } = planDeltaFiles([version, now], base);
  if (skipped.some(({ name }) => name === now.name)) return 'skipped';
  const found = stored.find(({ name }) => name === now.name);
  if (found?.increment === undefined) return 'whole';
  if (found.increment.blocks === undefined) return 'increment';
  const { listed, allFrom } = found.increment.blocks;
  return `blocks ${[...listed].join()}${allFrom === Infinity ? '' : ` and all from ${allFrom}`}`;
}

const TABLE = entry('/base/5/16384', LONG_BEFORE, 0);
const CHANGED = { ...TABLE, mtimeNs: STARTED_NS + SECOND };

describe('a file in a delta backup', () => {
  it('is skipped if its time is the parent’s, and long before the parent began', () => {
    expect(fate(TABLE, TABLE)).toBe('skipped');
    expect(fate(entry('/postgresql.conf', LONG_BEFORE), entry('/postgresql.conf', LONG_BEFORE))).toBe('skipped');
  });

  it('is not skipped if the parent may have copied it in the tick in which it was written', () => {
    for (const mtimeNs of [STARTED_NS - SECOND, STARTED_NS, STARTED_NS + SECOND]) {
      expect(fate({ ...TABLE, mtimeNs }, { ...TABLE, mtimeNs })).toBe('increment');
      expect(fate(entry('/pg_xact/0000', mtimeNs), entry('/pg_xact/0000', mtimeNs))).toBe('whole');
    }
  });

  it('is not skipped for a time that differs by a nanosecond', () => {
    expect(fate({ ...TABLE, mtimeNs: LONG_BEFORE + 1n }, TABLE)).toBe('increment');
  });

  it('is whole if the parent does not list it, or lists it under another name', () => {
    expect(fate(CHANGED, undefined)).toBe('whole');
    expect(fate(CHANGED, { ...TABLE, name: 'base/5/16384' })).toBe('whole');
  });

  it.each([
    ['/base/5/16384_fsm', 0],
    ['/base/5/16384_vm', 0],
    ['/base/5/16384_init', 0],
    ['/global/1262', 0],
    ['/base/5/pg_filenode.map', undefined],
  ])('is whole if it is %s and has changed', (name, segment) => {
    expect(fate(entry(name, STARTED_NS, segment), entry(name, LONG_BEFORE, segment))).toBe('whole');
  });

  it.each(['/base/5/16384.3', '/pg_tblspc/16400/PG_15_202209061/5/16384'])('is an increment if it is %s', (name) => {
    expect(fate(entry(name, STARTED_NS, 3), entry(name, LONG_BEFORE, 3))).toBe('increment');
  });

  it('is whole if its database was made anew, whatever its time says', () => {
    const anew = { ...VERSION, mtimeNs: STARTED_NS + SECOND };
    expect(fate(TABLE, TABLE, anew)).toBe('whole');
    expect(fate(CHANGED, TABLE, anew)).toBe('whole');
    const elsewhere = entry('/pg_tblspc/16400/PG_15_202209061/5/16384', LONG_BEFORE, 0);
    expect(fate(elsewhere, elsewhere, anew)).toBe('whole');
  });

  it('is whole if its database has no PG_VERSION at all', () => {
    const other = entry('/base/9/16384', LONG_BEFORE, 0);
    expect(fate(other, other)).toBe('whole');
  });

  it('is whole if pages of it were damaged in the parent', () => {
    const base = baseOf([TABLE], { corruptBlocks: { count: 1, blocks: [7] } });
    expect(planDeltaFiles([VERSION, TABLE], base).stored).toContainEqual(TABLE);
  });

  it('is what the WAL says, where the WAL was asked', () => {
    const changedBlocks = ({ filenode }: { filenode: number }, segment: number): ChangedBlocks => ({
      listed: filenode === 16_384 && segment === 0 ? Uint32Array.of(3, 9) : new Uint32Array(),
      allFrom: filenode === 16_385 ? 4 : Infinity,
    });
    expect(fate(CHANGED, TABLE, VERSION, { changedBlocks })).toBe('blocks 3,9');
    expect(fate(TABLE, TABLE, VERSION, { changedBlocks })).toBe('blocks 3,9');
    const cut = entry('/base/5/16385', LONG_BEFORE, 0);
    expect(fate(cut, cut, VERSION, { changedBlocks })).toBe('blocks  and all from 4');
    const other = entry('/base/5/16390', LONG_BEFORE, 0);
    expect(fate(other, other, VERSION, { changedBlocks })).toBe('skipped');
    // Pages of zeros that a relation is extended by are not in WAL: the increment carries the file's length.
    expect(fate({ ...other, mtimeNs: STARTED_NS }, other, VERSION, { changedBlocks })).toBe('blocks ');
    const sameTick = { ...other, mtimeNs: STARTED_NS };
    expect(fate(sameTick, sameTick, VERSION, { changedBlocks })).toBe('blocks ');
    const map = entry('/base/5/16384_vm', STARTED_NS, 0);
    expect(fate(map, { ...map, mtimeNs: LONG_BEFORE }, VERSION, { changedBlocks })).toBe('whole');
  });
});

describe('a directory in a delta backup', () => {
  it('is always stored', () => {
    const directory: StoredEntry = { ...entry('/base/5', LONG_BEFORE), type: 'directory', sizeBytes: 0 };
    expect(planDeltaFiles([directory], baseOf([directory])).stored).toEqual([directory]);
  });
});
