/**
 * A recovery of a server whose `pg_wal` is a file system mounted there. The mount is one of a namespace that the test makes; where
 * that is not permitted it says so.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { runProgram } from '../support/postgres.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { PROGRAM } from '../support/walkback-process.ts';

const NAMESPACE = ['--user', '--map-current-user', '--keep-caps', '--mount'];
const mayMount = spawnSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!mayMount) console.warn('SKIPPED: a server whose pg_wal is mounted, since this user may not mount in a namespace');

/** The world as those see it that have the mount. Disposing ends it. */
class Mounted implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Mounts an empty file system at `place`, with what was there in it. */
  static async at(place: string): Promise<Mounted> {
    const script =
      'cp -a "$0" "$0.was" && mount -t tmpfs tmpfs "$0" && cp -a "$0.was/." "$0" && rm -r "$0.was" && echo && exec sleep 600';
    const holder = spawn('unshare', [...NAMESPACE, 'sh', '-c', script, place], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    return new Mounted(holder);
  }

  async run(environment: Record<string, string>, program: string, ...args: string[]): Promise<string> {
    const into = ['--target', String(this.#holder.pid), '--user', '--mount', '--preserve-credentials', '--wd=/', '--'];
    return runProgram('nsenter', [...into, program, ...args], environment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill('SIGKILL');
    if (this.#holder.exitCode === null) await once(this.#holder, 'exit');
  }
}

describe.skipIf(!mayMount)('a recovery of a server whose pg_wal is a mount', () => {
  it('leaves the mount with the data of before, says so in its plan, and has it back by an undo', async () => {
    await using live: Recoverable = await startRecoverable({ major: 17 });
    const { server } = live;
    const { dataDirectory: data, bin } = server;
    await server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
    await server.stop();
    await using world = await Mounted.at(join(data, 'pg_wal'));
    const environment = {
      WALKBACK_ARCHIVE: `file://${live.archive}`,
      PGDATA: data,
      WALKBACK_BIN_DIRECTORY: bin,
      WALKBACK_CLUSTER_NAME: 'shop',
      HOME: live.root,
      ...server.environment,
    };
    const walkback = async (...args: string[]): Promise<string> => world.run(environment, PROGRAM, ...args);
    const deviceOf = async (folder: string): Promise<number> =>
      Number(await world.run({}, 'stat', '--format=%d', folder));
    const [disk, mount] = [await deviceOf(data), await deviceOf(join(data, 'pg_wal'))];
    expect(mount).not.toBe(disk);
    const pgCtl = ['-D', data, '-w', '-l', join(live.root, 'mounted.log')];
    await world.run({}, join(bin, 'pg_ctl'), ...pgCtl, 'start');
    try {
      await walkback('backup', 'take');
      const [row] = await server.sql<{ xid: number }>(
        'with gone as (delete from orders returning 1) select txid_current()::int as xid from (select count(*) from gone) c',
      );
      await archiveTail(live.uses);
      const plan = await walkback('recover', 'plan', '--before-xid', String(row?.xid));
      expect(plan.replaceAll(/\s+/g, ' ')).toContain('pg_wal is a file system mounted there');
      const id = /recover run (\w+)/.exec(plan)?.[1] ?? '';
      await walkback('recover', 'run', id, '--yes');
      expect(await server.sql('select count(*)::int as n from orders')).toEqual([{ n: 100 }]);
      const kept = join(`${data}.walkback`, id, 'kept', 'pg_wal');
      expect([await deviceOf(join(data, 'pg_wal')), await deviceOf(kept)]).toEqual([disk, mount]);

      await walkback('undo', id, '--yes');
      expect(await server.sql('select count(*)::int as n from orders')).toEqual([{ n: 0 }]);
      expect(await deviceOf(join(data, 'pg_wal'))).toBe(mount);
      await walkback('release', id, '--yes');
      expect(await deviceOf(join(data, 'pg_wal'))).toBe(mount);
    } finally {
      await world.run({}, join(bin, 'pg_ctl'), ...pgCtl, 'stop', '-m', 'fast').catch(() => {});
    }
  });
});
