/**
 * What a real server does with the exit codes of `walkback-restore` and `walkback wal fetch`: with the agent alive, dead
 * and dying in between; to a target, to the end, and as a replica; whole archives and such with holes and damage.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runAgent } from '../../src/archive/agent.ts';
import { exists } from '../../src/archive/server.ts';
import { controlFileBytes } from '../../src/archive/testing/control-file-bytes.ts';
import { MAJORS, type TestServer } from '../support/postgres.ts';
import {
  archivedCluster,
  opens,
  rowsOf,
  programFolder,
  pushAll,
  quoted,
  RESTORE_SCRIPT,
  ROOT,
  settingText,
  until,
  type ArchivedCluster,
  type Marker,
} from '../support/archived-cluster.ts';

const ROWS = 6;
/** Everyday: the oldest and the newest; all of them with TEST_ALL_MAJORS. */
const TRIED =
  process.env['TEST_ALL_MAJORS'] === undefined ? MAJORS.filter((major) => major === 14 || major === 18) : MAJORS;

async function opened(server: TestServer): Promise<boolean> {
  const [row] = await server.sql<{ is: boolean }>('select not pg_is_in_recovery() as is').catch(() => []);
  return row?.is === true;
}

const cutInHalf = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);

describe.each(TRIED)('a restore_command on PostgreSQL %i', (major) => {
  let cluster: ArchivedCluster;
  let bin: string;

  beforeAll(async () => {
    cluster = await archivedCluster(major, ROWS);
    bin = await programFolder(cluster.root);
    await cluster.primary.stop();
    await pushAll(cluster);
  });
  afterAll(async () => cluster[Symbol.asyncDispose]());

  function marker(rows: number): Marker {
    const found = cluster.markers[rows - 1];
    if (found === undefined) throw new Error(`no marker ${rows}`);
    return found;
  }

  /** The script, with or without the program; short waits, so that tests end. */
  function command(given: { spool: string; program: boolean; archive?: string }): string {
    const path = given.program ? `${bin}:/usr/bin:/bin` : '/usr/bin:/bin';
    const waits = 'WALKBACK_AGENT_SILENCE_S=1 WALKBACK_RESTORE_WAIT_S=20';
    const archive = `WALG_FILE_PREFIX=${quoted(given.archive ?? cluster.archivePath)}`;
    return settingText(
      `PATH=${quoted(path)} ${archive} ${waits} ${quoted(RESTORE_SCRIPT)} ${quoted(given.spool)} "%f" "%p"`,
    );
  }

  async function server(given: {
    signal?: 'recovery.signal' | 'standby.signal';
    program?: boolean;
    archive?: string;
    settings?: Record<string, string>;
  }): Promise<{ restored: TestServer; spool: string }> {
    const spool = join(cluster.root, `spool of ${given.signal ?? ''}`);
    await rm(spool, { recursive: true, force: true });
    const restore = command({
      spool,
      program: given.program ?? false,
      ...(given.archive ? { archive: given.archive } : {}),
    });
    const restored = await cluster.restored({
      signal: given.signal ?? 'recovery.signal',
      settings: { restore_command: restore, ...given.settings },
    });
    return { restored, spool };
  }

  /** Runs `work` beside an agent in this process. */
  async function withAgent<T>(restored: TestServer, spool: string, work: () => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const running = runAgent({
      store: cluster.store,
      dataDirectory: restored.dataDirectory,
      spool,
      prefetchBytes: 3 * 1024 * 1024,
      signal: stop.signal,
    });
    try {
      return await work();
    } finally {
      stop.abort();
      await running;
    }
  }

  async function log(restored: TestServer): Promise<string> {
    return readFile(join(restored.root, 'server.log'), 'utf8');
  }

  async function withDamage<T>(damage: () => Promise<() => Promise<void>>, work: () => Promise<T>): Promise<T> {
    const repair = await damage();
    try {
      return await work();
    } finally {
      await repair();
    }
  }

  function objectOf(segment: string): string {
    return join(cluster.archivePath, 'wal_005', `${segment}.zst`);
  }

  async function hide(segment: string): Promise<() => Promise<void>> {
    const path = objectOf(segment);
    await rename(path, `${cluster.root}/hidden`);
    return async () => rename(`${cluster.root}/hidden`, path);
  }

  async function replaceObject(segment: string, bytes: Buffer): Promise<() => Promise<void>> {
    const path = objectOf(segment);
    const before = await readFile(path);
    await rm(path);
    await writeFile(path, bytes);
    return async () => {
      await rm(path);
      await writeFile(path, before);
    };
  }

  describe.each(['agent', 'program'] as const)('answered by the %s', (by) => {
    async function started(
      given: Parameters<typeof server>[0],
      work: (restored: TestServer) => Promise<void>,
    ): Promise<void> {
      const { restored, spool } = await server({ ...given, program: by === 'program' });
      try {
        if (by === 'agent') await withAgent(restored, spool, () => work(restored));
        else await work(restored);
      } finally {
        await restored.stop('immediate');
      }
    }

    it('opens the server at the end of the archive with every row', async () => {
      await started({}, async (restored) => {
        expect(await opens(restored)).toBe(true);
        expect(await rowsOf(restored)).toBe(ROWS);
      });
    });

    it('opens the server at its target', async () => {
      const settings = { recovery_target_lsn: `'${marker(5).lsn}'`, recovery_target_action: `'promote'` };
      await started({ settings }, async (restored) => {
        expect(await opens(restored)).toBe(true);
        expect(await rowsOf(restored)).toBe(5);
      });
    });

    it('stops the server at a hole, naming it, and never opens it', async () => {
      const missing = marker(4).segment;
      await withDamage(
        () => hide(missing),
        () =>
          started({}, async (restored) => {
            expect(await opens(restored)).toBe(false);
            expect(await log(restored)).toContain(`cannot fetch ${missing}`);
          }),
      );
    });

    it.each([
      ['empty', async () => Buffer.alloc(0)],
      ['half', async () => cutInHalf(await readFile(objectOf(marker(4).segment)))],
      ['no compressed', async () => Buffer.alloc(2000, 7)],
    ])('stops the server at a segment whose object is %s', async (_what, bytes) => {
      const content = await bytes();
      await withDamage(
        () => replaceObject(marker(4).segment, content),
        () => started({}, async (restored) => expect(await opens(restored)).toBe(false)),
      );
    });

    it('leaves a replica running at a hole, and at the end', async () => {
      await withDamage(
        () => hide(marker(4).segment),
        () =>
          started({ signal: 'standby.signal' }, async (restored) => {
            await restored.start();
            await until('the replica has replayed what is before the hole', async () => (await rowsOf(restored)) === 3);
            await new Promise((done) => setTimeout(done, 1500));
            expect(await rowsOf(restored)).toBe(3);
          }),
      );
    });
  });

  it('stops the server when the archive is not there', async () => {
    const { restored } = await server({ program: true, archive: `${cluster.archivePath}/not/mounted` });
    expect(await opens(restored)).toBe(false);
    expect(await log(restored)).toContain('there is no such folder');
  });

  it('leaves a replica running when the archive is not there', async () => {
    const { restored } = await server({
      signal: 'standby.signal',
      program: true,
      archive: `${cluster.archivePath}/not/mounted`,
    });
    await restored.start();
    expect(await rowsOf(restored)).toBe(0);
    await restored.stop('immediate');
  });

  it('lets a replica be promoted when the archive is not there, on its first line of history and on a later one', async () => {
    const { restored } = await server({
      signal: 'standby.signal',
      program: true,
      archive: `${cluster.archivePath}/not/mounted`,
    });
    for (const history of ['00000002.history', '00000003.history']) {
      await restored.start();
      await restored.sql('select pg_promote(true, 60)');
      await until('it is open', async () => opened(restored), 60_000);
      expect(await exists(join(restored.dataDirectory, 'pg_wal', history))).toBe(true);
      await restored.stop();
      await writeFile(join(restored.dataDirectory, 'standby.signal'), '');
    }
  });

  it('stops the server when there is neither agent nor program', async () => {
    const { restored } = await server({});
    expect(await opens(restored)).toBe(false);
    expect(await log(restored)).toMatch(/exit code 197|exited with exit code 197|no program walkback/);
  });

  it('leaves a replica running when there is neither agent nor program', async () => {
    const { restored } = await server({ signal: 'standby.signal' });
    await restored.start();
    expect(await rowsOf(restored)).toBe(0);
    await restored.stop('immediate');
  });

  it.each([true, false])(
    'never opens short when the agent is killed in between (program at hand: %s)',
    async (program) => {
      const { restored, spool } = await server({
        program,
        settings: { recovery_target_lsn: `'${marker(ROWS).lsn}'`, recovery_target_action: `'promote'` },
      });
      const agent = spawn(
        process.execPath,
        [
          join(ROOT, 'src/main.ts'),
          'agent',
          '--data-directory',
          restored.dataDirectory,
          '--spool-directory',
          spool,
          '--prefetch-size',
          '1MB',
        ],
        { env: { PATH: '/usr/bin:/bin', WALG_FILE_PREFIX: cluster.archivePath }, stdio: 'ignore' },
      );
      const gone = once(agent, 'exit');
      await until('the agent serves', async () => exists(join(spool, 'current')));
      const starting = opens(restored);
      await until(
        'replay has begun',
        async () => (await log(restored).catch(() => '')).includes('restored log file'),
        20_000,
      );
      agent.kill('SIGKILL');
      await gone;
      const rows = (await starting) ? await rowsOf(restored) : 'it did not open';
      expect([ROWS, 'it did not open']).toContain(rows);
      await restored.stop('immediate');
    },
  );

  it('refuses a segment of another cluster', async () => {
    await using other = await archivedCluster(major, 4);
    await other.primary.stop();
    await pushAll(other);
    const foreign = await readFile(join(other.archivePath, 'wal_005', `${marker(4).segment}.zst`));
    await withDamage(
      () => replaceObject(marker(4).segment, foreign),
      async () => {
        const { restored } = await server({ program: true });
        expect(await opens(restored)).toBe(false);
        expect(await log(restored)).toContain('it is WAL of the system');
      },
    );
  });

  it('does not take a truncated pg_control for a reason to open', async () => {
    const { restored, spool } = await server({ program: true });
    await truncate(join(restored.dataDirectory, 'global/pg_control'), 100);
    expect(await opens(restored)).toBe(false);
    expect(spool).not.toBe('');
  });
});

describe('a restore_command that cannot look, asked for a history file', () => {
  const away = {
    script: async (folder: string, file: string) =>
      ended([RESTORE_SCRIPT, join(folder, 'no spool'), file, 'pg_wal/RECOVERYHISTORY'], folder, '/usr/bin:/bin'),
    program: async (folder: string, file: string) =>
      ended(
        ['walkback', 'wal', 'fetch', file, 'pg_wal/RECOVERYHISTORY'],
        folder,
        `${await programFolder(folder)}:/usr/bin:/bin`,
      ),
  };

  it.each(['script', 'program'] as const)('lets only a server go on that has it already (%s)', async (by) => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-history-'));
    try {
      await mkdir(join(folder, 'pg_wal'));
      await mkdir(join(folder, 'global'));
      await writeFile(join(folder, 'global/pg_control'), controlFileBytes({ systemIdentifier: 7n }));
      expect(await away[by](folder, '00000002.history')).toBe(197);
      expect(await away[by](folder, '00000001.history')).toBe(1);
      await writeFile(join(folder, 'pg_wal/00000002.history'), '1\t0/3000000\tno recovery target specified\n');
      expect(await away[by](folder, '00000002.history')).toBe(1);
      expect(await away[by](folder, '000000020000000000000003')).toBe(197);
      await writeFile(join(folder, 'recovery.signal'), '');
      expect(await away[by](folder, '00000002.history')).toBe(197);
      expect(await away[by](folder, '00000001.history')).toBe(197);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** How a program ended, in a folder, with an archive that is not there. */
async function ended([program = '', ...args]: readonly string[], cwd: string, path: string): Promise<number | null> {
  const env = { PATH: path, WALG_FILE_PREFIX: join(cwd, 'not/mounted'), WALKBACK_AGENT_SILENCE_S: '1' };
  const child = spawn(program, args, { cwd, env, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}
