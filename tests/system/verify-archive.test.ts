import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { readWalFile } from '../../src/archive/read-wal-file.ts';
import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import { findBackup } from '../../src/backup/list.ts';
import { removeBackups } from '../../src/backup/removal.ts';
import { Failure } from '../../src/base/failure.ts';
import { noProgress } from '../../src/base/progress.ts';
import { CountingLimiter } from '../../src/base/testing/counting-limiter.ts';
import { compressSync, decompressSync } from '../../src/codec/compression.ts';
import { formatLsn, lsn } from '../../src/postgres/lsn.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { BackupLedger } from '../../src/verify/backup-ledger.ts';
import type { Finding } from '../../src/verify/finding.ts';
import { fingerprintOf, type Fingerprint } from '../../src/verify/fingerprint.ts';
import { backupLedgerKey, writeLedgerObject } from '../../src/verify/ledger-object.ts';
import { verifyArchive, type VerifyOptions, type VerifyReport } from '../../src/verify/verify.ts';
import { sentinelKey } from '../../src/walg/backup-names.ts';

/** A full backup, a delta on it and one on that, and their WAL, as wal-g wrote them. */
const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const FULL = 'base_000000010000000000000002';
const FIRST = 'base_000000010000000000000004_D_000000010000000000000002';
const SECOND = 'base_000000010000000000000006_D_000000010000000000000004';
const partOf = (name: string): string => `basebackups_005/${name}/tar_partitions/part_001.tar.zst`;
const segmentKey = (low: number): string => `wal_005/00000001000000000000000${low}.zst`;
const PAGE_BYTES = 8192;

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-verify-'));
  await cp(FIXTURE, folder, { recursive: true });
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function verify(more: Partial<VerifyOptions> = {}, from = store): Promise<VerifyReport> {
  return verifyArchive(from, {
    scope: 'all',
    isDeep: false,
    notBeforeMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    concurrency: 2,
    onProgress: noProgress,
    ...more,
  });
}

const found = ({ findings }: VerifyReport): string[] => findings.map(({ kind, subject }) => `${kind} ${subject}`);
const foundIn = ({ findings }: VerifyReport, kind: Finding['kind']): string =>
  findings
    .filter((one) => one.kind === kind)
    .map((one) => one.found)
    .join('\n');

/** Decompresses an object, changes its content and stores it again. */
async function change(key: string, work: (content: Buffer) => void): Promise<void> {
  const stored = (await store.get(key)) ?? Buffer.alloc(0);
  const content = Buffer.from(decompressSync('zstd', stored, { maxBytes: 1e9, object: key }));
  work(content);
  await store.put(key, compressSync('zstd', content));
}

async function flipByte(key: string, at: number): Promise<void> {
  const stored = Buffer.from((await store.get(key)) ?? []);
  stored.writeUInt8(stored.readUInt8(at) ^ 0x40, at);
  await store.put(key, stored);
}

/** Offset in a tar of the content of the largest file below `base/`. */
function largestTable(tar: Buffer): number {
  let largest = { at: 0, sizeBytes: 0 };
  for (let at = 0; at + 512 <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/, '');
    const sizeBytes = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8) || 0;
    const isTable = /^\/base\/\d+\/\d+$/.test(name);
    if (isTable && sizeBytes > largest.sizeBytes) largest = { at: at + 512, sizeBytes };
    at += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return largest.at;
}

describe('an archive that wal-g wrote', () => {
  it('is proven once, and what is unchanged is not read again', async () => {
    const first = await verify();
    expect(first).toMatchObject({ findings: [], isDone: true, wal: { total: 7, read: 7 } });
    expect(first.backups).toMatchObject({ backups: 3, total: 9, read: 9 });
    expect(first.backups.pagesChecked).toBeGreaterThan(3000);
    expect(await verify()).toMatchObject({ findings: [], wal: { total: 7, read: 0 }, backups: { total: 9, read: 0 } });
    const again = await verify({ notBeforeMs: Date.now() + 1000 });
    expect([again.wal.read, again.backups.read]).toEqual([7, 9]);
  });

  it('is restored into nothing: each chain, and the WAL that makes it consistent', async () => {
    expect(await verify({ isDeep: true })).toMatchObject({ findings: [], backups: { restored: 3, read: 9 } });
    expect(await verify({ isDeep: true })).toMatchObject({ findings: [], backups: { restored: 0, read: 0 } });
    expect(await verify({ names: [SECOND], scope: 'backups' })).toMatchObject({
      backups: { backups: 3 },
      wal: { total: 0 },
    });
    expect(await verify({ names: [FULL] })).toMatchObject({ backups: { backups: 1 } });
  });

  it('is verified with credentials that only read, and is then read again', async () => {
    const readOnly = wrappedStore(store, {
      address: store.address,
      put: async () => {
        throw new Failure('denied', { message: 'cannot write', remedy: 'Ask for the permission.' });
      },
    });
    for (const _time of [1, 2]) {
      expect(await verify({}, readOnly)).toMatchObject({ findings: [], isReadOnly: true, wal: { read: 7 } });
    }
  });

  it.each([
    ['WAL', 'wal', (key: string) => /^wal_005\/[0-9A-F]{24}\.zst$/.test(key)],
    ['the parts of backups', 'backups', (key: string) => key.includes('/tar_partitions/')],
  ] as const)('is read at the rate that is set: %s, to the last byte', async (_what, scope, isRead) => {
    const objects = (await Array.fromAsync(store.list(''))).filter(({ key }) => isRead(key));
    const limiter = new CountingLimiter(1e10);
    await verify({ scope, limiter });
    expect(limiter.takenBytes).toBe(objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    const deep = new CountingLimiter(1e10);
    await verify({ scope, isDeep: true, limiter: deep, notBeforeMs: Date.now() + 1000 });
    expect(deep.takenBytes).toBeGreaterThanOrEqual(limiter.takenBytes);
  });

  it('goes on where it was when time was over, or it was interrupted', async () => {
    expect(await verify({ untilMs: 0 })).toMatchObject({ isDone: false, wal: { read: 0 }, backups: { read: 0 } });
    let reads = 0;
    const breaking = wrappedStore(store, {
      address: store.address,
      open: async (...asked) => {
        reads += 1;
        if (reads === 5) throw new Error('the store is away');
        return store.open(...asked);
      },
    });
    await expect(verify({ concurrency: 1 }, breaking)).rejects.toThrow('the store is away');
    expect(await verify()).toMatchObject({ findings: [], wal: { read: 0 }, backups: { read: 5 } });
  });
});

describe('damage in an archive', () => {
  it('is found in a part, which makes its backup unusable, and again as long as it is there', async () => {
    await verify();
    await flipByte(partOf(FULL), 700_000);
    for (const _time of [1, 2]) expect(found(await verify())).toEqual([`backup ${partOf(FULL)}`]);
  });

  it('is found in a page that does not carry its checksum', async () => {
    await change(partOf(FULL), (tar) => {
      const at = largestTable(tar) + 3 * PAGE_BYTES;
      tar.writeUInt8(tar.readUInt8(at + 5000) ^ 1, at + 5000);
    });
    for (const _time of [1, 2]) {
      const report = await verify();
      expect(found(report)).toEqual([`pages ${FULL}`]);
      expect(foundIn(report, 'pages')).toMatch(/^pages do not carry their checksum: base\/\d+\/\d+: block 3$/);
    }
  });

  it('is found in a segment, and not held against those beside it', async () => {
    await verify();
    await change(segmentKey(5), (wal) => wal.writeUInt8(wal.readUInt8(9000) ^ 1, 9000));
    const report = await verify();
    expect(found(report)).toEqual(['segment 000000010000000000000005']);
    expect(foundIn(report, 'segment')).toMatch(/^it cannot be read from 0\/\w+ on: /);
    await cp(join(FIXTURE, segmentKey(5)), join(folder, segmentKey(5)));
    expect(await verify()).toMatchObject({ findings: [], wal: { read: 3 } });
  });

  it('is found where a segment is missing, or empty, or of another cluster', async () => {
    await store.delete([segmentKey(3)]);
    expect(found(await verify())).toEqual(['hole 000000010000000000000003']);
    await store.put(segmentKey(3), Buffer.alloc(0));
    expect(found(await verify())).toEqual(['segment 000000010000000000000003']);
    const other = await openStore({ kind: 'file', path: join(FIXTURE, '../../pg18-zstd-v309/archive') });
    const foreign = await readWalFile(other, '000000010000000000000003');
    await store.put(segmentKey(3), compressSync('zstd', foreign?.bytes ?? Buffer.alloc(0)));
    expect(found(await verify())).toEqual(['segment 000000010000000000000003']);
  });

  it('is found where a backup lacks WAL, a part, its list, or what it builds on', async () => {
    await store.delete([segmentKey(4)]);
    expect(found(await verify({ scope: 'backups', isDeep: true }))).toContain(`backup ${FIRST}`);
    await cp(join(FIXTURE, segmentKey(4)), join(folder, segmentKey(4)));
    // Nothing was wrong with the backup itself.
    expect(found(await verify())).toEqual([]);
    expect(found(await verify({ isDeep: true }))).toEqual([]);
    await store.delete([`basebackups_005/${FULL}/files_metadata.json`]);
    expect(foundIn(await verify({ names: [FULL] }), 'backup')).toMatch(/its list of files/);
    await cp(FIXTURE, folder, { recursive: true });
    await verify();
    await store.delete([partOf(FULL)]);
    expect(foundIn(await verify({ names: [FULL] }), 'backup')).toMatch(/the archive holds no parts of it/);
    await store.delete([sentinelKey(FULL)]);
    expect(new Set(found(await verify()))).toEqual(new Set([`backup ${FIRST}`, `backup ${SECOND}`]));
  });

  it('is kept in mind where only restoring into nothing showed it, until that is done again', async () => {
    const onlyFull = { scope: 'backups', names: [FULL] } as const;
    await change(`basebackups_005/${FULL}/tar_partitions/backup_label.tar.zst`, (tar) => {
      // What is read where a backup begins: nothing but a restore looks for that checkpoint.
      tar.set(Buffer.from('CHECKPOINT LOCATION: 0/2000090'), tar.indexOf('CHECKPOINT LOCATION: 0/'));
    });
    const brokenInLedger = async (): Promise<string | undefined> => (await BackupLedger.read(store, FULL)).broken;
    expect(await verify(onlyFull)).toMatchObject({ findings: [] });
    expect(foundIn(await verify({ ...onlyFull, isDeep: true }), 'backup')).toMatch(
      /there is no checkpoint at 0\/2000090/,
    );
    for (let run = 0; run < 2; run++) {
      expect(foundIn(await verify(onlyFull), 'backup')).toMatch(/there is no checkpoint .*only --deep/);
      expect(await brokenInLedger()).toMatch(/there is no checkpoint/);
    }
    await cp(FIXTURE, folder, { recursive: true });
    expect(await verify({ ...onlyFull, isDeep: true })).toMatchObject({ findings: [], backups: { restored: 1 } });
    expect(await verify(onlyFull)).toMatchObject({ findings: [] });
    expect(await brokenInLedger()).toBeUndefined();
  });

  it('is found where a delta builds on a backup of an abandoned line', async () => {
    const stray = SECOND.replace('base_00000001', 'base_00000002');
    for await (const { key } of store.list('basebackups_005/')) {
      if (key.includes(`/${SECOND}`))
        await store.put(key.replace(SECOND, stray), (await store.get(key)) ?? Buffer.alloc(0));
    }
    const first = await findBackup(store, FIRST);
    const why = async (more: Partial<VerifyOptions> = {}): Promise<string[]> =>
      (await verify({ scope: 'backups', names: [stray], ...more })).findings
        .filter(({ subject, found: text }) => subject === stray && !text.includes('not all WAL'))
        .map((one) => one.found);
    expect(await why()).toEqual([expect.stringMatching(/00000002\.history.* is not in the archive/)]);
    const forkAt = (position: bigint): Promise<unknown> =>
      store.put(
        'wal_005/00000002.history.zst',
        compressSync('zstd', Buffer.from(`1\t${formatLsn(lsn(position))}\tfork\n`)),
      );
    await forkAt(first.finishLsn - 1n);
    for (const isDeep of [false, true, true]) {
      expect(await why({ isDeep })).toEqual([
        expect.stringContaining(`${FIRST}, which it builds on, is not on the line`),
      ]);
    }
    await forkAt(first.finishLsn);
    expect(await why()).toEqual([]);
  });
});

/** The store, where something is done before the first of these objects is read. */
function beforeReading(isRead: (key: string) => boolean, work: () => Promise<unknown>): ObjectStore {
  let once: Promise<unknown> | undefined;
  const first = async (key: string): Promise<void> => {
    if (isRead(key)) await (once ??= work());
  };
  return wrappedStore(store, {
    address: store.address,
    get: async (key, options) => {
      await first(key);
      return store.get(key, options);
    },
    open: async (key, options) => {
      await first(key);
      return store.open(key, options);
    },
  });
}

describe('an archive that is pruned while it is verified', () => {
  it.each([
    ['is not damaged where WAL went that nothing needs', 1, []],
    ['has a hole where WAL went that is needed', 4, ['hole 000000010000000000000004', `backup ${FIRST}`]],
    ['is damaged where the last segment went', 7, ['segment 000000010000000000000007']],
  ] as const)('%s', async (_what, low, expected) => {
    const deleting = beforeReading(
      (key) => key === segmentKey(1),
      async () => store.delete([segmentKey(low)]),
    );
    expect(found(await verify({ scope: 'wal' }, deleting))).toEqual(expected);
  });

  it('is damaged where a segment is listed still and cannot be found', async () => {
    const lost = wrappedStore(store, {
      address: store.address,
      get: async (key, options) => (key === segmentKey(3) ? undefined : store.get(key, options)),
    });
    expect(found(await verify({ scope: 'wal' }, lost))).toEqual(['segment 000000010000000000000003']);
  });

  it.each([false, true])('is not damaged where a backup went, which is left out then (deep: %s)', async (isDeep) => {
    const removing = beforeReading(
      (key) => key === partOf(SECOND),
      async () => removeBackups(store, [{ name: SECOND }]),
    );
    const report = await verify({ scope: 'backups', isDeep }, removing);
    expect(report).toMatchObject({ findings: [], isDone: true, backups: { backups: 2 } });
    expect(await store.stat(backupLedgerKey(SECOND))).toBeUndefined();
  });

  it('is not damaged where a backup and its WAL went before the WAL was listed', async () => {
    let lists = 0;
    const removing = wrappedStore(store, {
      address: store.address,
      list: async function* (prefix, options) {
        if (prefix === 'wal_005/' && (lists += 1) === 1) {
          await removeBackups(store, [{ name: SECOND }, { name: FIRST }, { name: FULL }]);
          await store.delete([1, 2, 3, 4, 5].map(segmentKey));
        }
        yield* store.list(prefix, options);
      },
    });
    expect(await verify({}, removing)).toMatchObject({ findings: [], backups: { backups: 0 } });
  });
});

/** Verifies the full backup with time being over once this object of it was read. */
async function verifyUntilRead(key: string, more: Partial<VerifyOptions> = {}): Promise<VerifyReport> {
  const nowMs = Date.now.bind(Date);
  let lateMs = 0;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => nowMs() + lateMs);
  const slow = wrappedStore(store, {
    address: store.address,
    open: async (opened, options) => {
      if (opened === key) lateMs = 19_000;
      return store.open(opened, options);
    },
  });
  try {
    const untilMs = nowMs() + 18_000;
    return await verify({ scope: 'backups', names: [FULL], concurrency: 1, untilMs, ...more }, slow);
  } finally {
    clock.mockRestore();
  }
}

describe('a backup that is not what its list and its sentinel say', () => {
  const listKey = `basebackups_005/${FULL}/files_metadata.json`;
  const labelKey = `basebackups_005/${FULL}/tar_partitions/backup_label.tar.zst`;
  const verifyFull = async (): Promise<string> => foundIn(await verify({ scope: 'backups', names: [FULL] }), 'backup');

  async function changeList(work: (list: string) => string): Promise<void> {
    await store.put(listKey, Buffer.from(work((await store.get(listKey))?.toString() ?? '')));
  }
  const listMissingFile = async (): Promise<void> =>
    changeList((list) => list.replaceAll('/base/1/1259"', '/base/1/991259"'));

  /** It is found every time, and what prunes is told every time. */
  async function expectFoundTwice(text: RegExp): Promise<void> {
    for (const _time of [1, 2]) {
      expect(await verifyFull()).toMatch(text);
      expect((await BackupLedger.read(store, FULL)).broken).toMatch(text);
    }
  }

  it('is found in what parts hold, against the list, until the list is right', async () => {
    const list = (await store.get(listKey)) ?? Buffer.alloc(0);
    await listMissingFile();
    await expectFoundTwice(/does not hold 1 of the files/);
    await store.put(listKey, list);
    expect(await verifyFull()).toBe('');
    expect((await BackupLedger.read(store, FULL)).broken).toBeUndefined();
    expect(await verify({ scope: 'backups', names: [FULL] })).toMatchObject({ backups: { total: 3, read: 0 } });
  });

  it('is found when the list changes after its parts were proven', async () => {
    await verify();
    await listMissingFile();
    await expectFoundTwice(/does not hold 1 of the files/);
  });

  it('is found in what no list names', async () => {
    await changeList((text) => {
      const list: { Files: Record<string, unknown>; TarFileSets: Record<string, string[]> } = JSON.parse(text);
      delete list.Files['/base/1/1259'];
      const without = Object.entries(list.TarFileSets).map(([tar, names]) => [
        tar,
        names.filter((name) => name !== '/base/1/1259'),
      ]);
      return JSON.stringify({ ...list, TarFileSets: Object.fromEntries(without) });
    });
    await expectFoundTwice(/its parts hold 1 files that its list of files does not name/);
  });

  it('is found in a label of another backup, and in an object without one', async () => {
    await change(labelKey, (tar) => void tar.write('1/', tar.indexOf('START WAL LOCATION: 0/') + 20));
    await expectFoundTwice(/its label begins at 1\//);
    const control = await store.get(labelKey.replace('backup_label', 'pg_control'));
    await store.put(labelKey, control ?? Buffer.alloc(0));
    await expectFoundTwice(/does not hold 2 of the files/);
    await changeList((list) => list.replace('"backup_label.tar.zst"', '"backup_label.tar.gone"'));
    await expectFoundTwice(/no object of it holds backup_label/);
  });

  it('is found after time was over, whatever was read until then', async () => {
    await listMissingFile();
    expect(await verifyUntilRead(partOf(FULL))).toMatchObject({ isDone: false, backups: { read: 2 } });
    expect((await BackupLedger.read(store, FULL)).broken).toMatch(/does not hold 1 of the files/);
    await expectFoundTwice(/does not hold 1 of the files/);
  });

  it('goes on where it was when time was over, also after its list changed', async () => {
    await verify();
    await changeList((list) => `${list}\n`);
    expect(await verifyUntilRead(partOf(FULL))).toMatchObject({ isDone: false, backups: { read: 2 } });
    expect(await verify({ scope: 'backups', names: [FULL] })).toMatchObject({ findings: [], backups: { read: 1 } });
  });

  it('is found where an object is gone, after others were proven again and time was over', async () => {
    await verify();
    await store.delete([labelKey]);
    const again = { notBeforeMs: Date.now() + 1000 };
    expect(await verifyUntilRead(partOf(FULL), again)).toMatchObject({ isDone: false });
    expect(await verifyFull()).toMatch(/no object of it holds backup_label/);
  });

  it.each([{ broken: 'a part lacks a file' }, {}])(
    'is found where it was written down as proven without being compared: %j',
    async (more) => {
      await listMissingFile();
      const proven = new Map<string, Fingerprint>();
      for await (const info of store.list(`basebackups_005/${FULL}/`)) {
        proven.set(info.key.slice(info.key.lastIndexOf('/') + 1), fingerprintOf(info, Date.now()));
      }
      const sentinel = await store.stat(sentinelKey(FULL));
      if (sentinel !== undefined) proven.set('(whole)', fingerprintOf(sentinel, Date.now()));
      await writeLedgerObject(store, backupLedgerKey(FULL), { proven, more });
      await expectFoundTwice(/does not hold 1 of the files/);
    },
  );
});
