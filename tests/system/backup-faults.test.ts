import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import { listBackups } from '../../src/backup/list.ts';
import { listMarked } from '../../src/backup/running-marker.ts';
import { takeBackup, type TakeBackupOptions } from '../../src/backup/take.ts';
import { noProgress, type Progress } from '../../src/base/progress.ts';
import { Failure, isFailure } from '../../src/base/failure.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { parseFilesMetadata } from '../../src/walg/files-metadata.ts';
import { startArchivingServer, type ArchivingServer } from '../support/backup-server.ts';

function optionsFor(archiving: ArchivingServer, more: Partial<TakeBackupOptions> = {}): TakeBackupOptions {
  return {
    store: archiving.store,
    instance: archiving.source,
    dataDirectory: archiving.server.dataDirectory,
    compression: 'zstd',
    concurrency: 2,
    onProgress: noProgress,
    ...more,
  };
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isFailure(error)) throw new Error(`expected a Failure, got ${String(error)}`);
  return error;
}

async function keys({ store }: ArchivingServer): Promise<string[]> {
  const found = await Array.fromAsync(store.list(''));
  return found.map(({ key }) => key).filter((key) => !key.startsWith('wal_005/'));
}

describe('a backup of damaged pages', () => {
  it('is not kept, unless that is asked for; then it says which pages', async () => {
    await using archiving = await startArchivingServer(17);
    const { server, store } = archiving;
    await server.sql('create table t as select i, md5(i::text) from generate_series(1, 20000) i');
    const [row] = await server.sql<{ path: string }>("select pg_relation_filepath('t') as path");
    await server.stop();
    const path = row?.path ?? '';
    await using file = await open(join(server.dataDirectory, path), 'r+');
    await file.write(Buffer.from('damage'), 0, 6, 8192 * 7 + 5000);
    await server.start();

    const failure = await failureOf(takeBackup(optionsFor(archiving)));
    expect(failure.kind).toBe('corrupt');
    expect(failure.facts).toEqual([`/${path}: block 7`]);
    expect(await keys(archiving)).toEqual([]);

    const taken = await takeBackup(optionsFor(archiving, { allowCorruptPages: true }));
    expect(taken.corruptFiles).toEqual([{ name: `/${path}`, blocks: [7] }]);
    const key = `basebackups_005/${taken.name}/files_metadata.json`;
    const metadata = parseFilesMetadata((await store.get(key)) ?? Buffer.alloc(0), key);
    expect(metadata.files.get(`/${path}`)?.corruptBlocks).toEqual({ count: 1, blocks: [7] });
  });
});

describe('a backup that looks long for what killed ones have left', () => {
  it('tells its begin from when the server was asked, so that what was committed meanwhile is before it', async () => {
    await using archiving = await startArchivingServer(17);
    const { server, store } = archiving;
    let lookedAtMs = 0;
    const whole = wrappedStore(store, {
      address: store.address,
      listFolder: async (...asked) => {
        const listing = await store.listFolder(...asked);
        await server.sql('select txid_current()');
        lookedAtMs = Date.now();
        return listing;
      },
    });
    const taken = await takeBackup(optionsFor(archiving, { whole }));
    expect(lookedAtMs).toBeGreaterThan(0);
    expect(taken.startedAt.getTime()).toBeGreaterThanOrEqual(lookedAtMs);
  });
});

describe('backups by a writer that may not delete', () => {
  it.each(['denied', 'refused'] as const)('are taken one after the other when it is %s, and say so', async (kind) => {
    await using archiving = await startArchivingServer(17);
    const remove = async (): Promise<never> => {
      throw new Failure(kind, { message: 'cannot delete k', remedy: 'Allow s3:DeleteObject.' });
    };
    const store = wrappedStore(archiving.store, { address: archiving.archive, delete: remove });
    for (let count = 1; count <= 3; count += 1) {
      const taken = await takeBackup(optionsFor(archiving, { store }));
      expect(taken.warnings).toEqual([expect.stringContaining('Allow s3:DeleteObject.')]);
      expect(await listBackups(store)).toHaveLength(count);
      expect(await listMarked(store, new Date())).toEqual([]);
    }
    expect((await takeBackup(optionsFor(archiving))).warnings).toEqual([]);
    expect((await keys(archiving)).filter((key) => key.startsWith('walkback_001/running/'))).toEqual([]);
  });
});

describe('a backup that does not end', () => {
  it('leaves nothing when it is aborted', async () => {
    await using archiving = await startArchivingServer(17);
    await archiving.server.sql('create table t as select i, md5(i::text) from generate_series(1, 200000) i');
    const abort = new AbortController();
    const onProgress = ({ phase }: Progress): void => {
      if (phase === 'backup') abort.abort(new Error('enough'));
    };
    await expect(takeBackup(optionsFor(archiving, { onProgress, signal: abort.signal }))).rejects.toThrow('enough');
    expect(await keys(archiving)).toEqual([]);
    expect(await listBackups(archiving.store)).toEqual([]);
  });

  it('leaves nothing when its WAL does not reach the archive, and says what the archiver says', async () => {
    await using archiving = await startArchivingServer(17, { archive_command: "'false'" });
    const failure = await failureOf(takeBackup(optionsFor(archiving, { walTimeoutMs: 1500 })));
    expect(failure.kind).toBe('unavailable');
    expect(failure.message).toMatch(/segment [0-9A-F]{24}, which it needs, did not reach/);
    expect(failure.facts.join('\n')).toContain('last failed');
    expect(await keys(archiving)).toEqual([]);
  });

  it('is cleaned up by the next one when it was killed', async () => {
    await using archiving = await startArchivingServer(17);
    await archiving.server.sql('create table t as select i, md5(i::text) from generate_series(1, 20000) i');
    const killed = `
      import { backupSourceOf } from '${join(import.meta.dirname, '../../src/backup/backup-source.ts')}';
      import { takeBackup } from '${join(import.meta.dirname, '../../src/backup/take.ts')}';
      import { openStore } from '${join(import.meta.dirname, '../../src/storage/open.ts')}';
      await takeBackup({
        store: await openStore({ kind: 'file', path: '${archiving.archive}' }),
        instance: backupSourceOf(${JSON.stringify(archiving.connection)}),
        dataDirectory: '${archiving.server.dataDirectory}',
        compression: 'zstd', concurrency: 1,
        onProgress: ({ phase }) => { if (phase === 'wal') process.kill(process.pid, 'SIGKILL'); },
      });`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', killed], { stdio: 'inherit' });
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    const left = await keys(archiving);
    expect(left.some((key) => key.includes('tar_partitions/'))).toBe(true);
    expect(left.filter((key) => key.startsWith('walkback_001/running/'))).toHaveLength(1);

    const taken = await takeBackup(optionsFor(archiving));
    expect(taken.cleanedUp).toHaveLength(1);
    const [cleaned = ''] = taken.cleanedUp;
    expect(cleaned).not.toBe(taken.name);
    const names = await readdir(join(archiving.archive, 'basebackups_005'));
    expect(names.toSorted()).toEqual([taken.name, `${taken.name}_backup_stop_sentinel.json`]);
    expect((await keys(archiving)).filter((key) => key.startsWith('walkback_001/running/'))).toEqual([]);
  });
});

describe('a backup whose connection ends', () => {
  const end = async ({ server }: ArchivingServer): Promise<void> => {
    await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'walkback'");
    await sleep(300);
  };

  it('is none before the server has ended it', async () => {
    await using archiving = await startArchivingServer(17);
    const put: ObjectStore['put'] = async (key, ...given) => {
      if (key.includes('pg_control')) await end(archiving);
      return archiving.store.put(key, ...given);
    };
    const store = wrappedStore(archiving.store, { put });
    const failure = await failureOf(takeBackup(optionsFor(archiving, { store })));
    expect(failure.message).toContain('the connection to the server, and with it the backup, is gone');
    expect(await keys(archiving)).toEqual([]);
  });

  it('is one all the same behind that', async () => {
    await using archiving = await startArchivingServer(17);
    const put: ObjectStore['put'] = async (key, ...given) => {
      if (key.includes('backup_label')) await end(archiving);
      return archiving.store.put(key, ...given);
    };
    const taken = await takeBackup(optionsFor(archiving, { store: wrappedStore(archiving.store, { put }) }));
    expect(await listBackups(archiving.store)).toMatchObject([{ name: taken.name }]);
  });
});

describe('a backup that is aborted while its sentinel is on its way', () => {
  it('is not listed without its parts', async () => {
    await using archiving = await startArchivingServer(17);
    const { store } = archiving;
    const abort = new AbortController();
    let arrive = async (): Promise<unknown> => undefined;
    const slow = wrappedStore(store, {
      // What has left a client that is cut off is stored a little later all the same.
      put: async (key, body, options = {}) => {
        if (!key.endsWith('_backup_stop_sentinel.json')) return store.put(key, body, options);
        abort.abort(new Error('enough'));
        if (options.signal?.aborted !== true) return store.put(key, body, options);
        arrive = async () => store.put(key, body);
        throw options.signal.reason;
      },
      delete: async (...asked) => {
        await store.delete(...asked);
        await arrive();
      },
    });
    await takeBackup(optionsFor(archiving, { store: slow, signal: abort.signal })).catch(() => {});
    const [backup] = await listBackups(store);
    if (backup === undefined) throw new Error('expected the backup');
    expect((await keys(archiving)).filter((key) => key.includes(`${backup.name}/tar_partitions/part_`))).not.toEqual(
      [],
    );
  });
});

describe('a backup that cannot be one', () => {
  it('is refused where WAL is not archived', async () => {
    await using archiving = await startArchivingServer(17, { archive_mode: 'off' });
    const failure = await failureOf(takeBackup(optionsFor(archiving)));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain('archive_mode is off');
  });

  it('is refused for another directory than the server’s', async () => {
    await using archiving = await startArchivingServer(17);
    const failure = await failureOf(takeBackup(optionsFor(archiving, { dataDirectory: archiving.scratch })));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain(archiving.server.dataDirectory);
  });
});
