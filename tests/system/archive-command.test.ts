/**
 * `walkback-archive` under a real server: with the agent, without it, and with what must not be taken for archived.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runAgent } from '../../src/archive/agent.ts';
import { readReadyFiles } from '../../src/archive/ready-files.ts';
import { exists } from '../../src/archive/server.ts';
import { emptySpool } from '../../src/archive/spool.ts';
import { isSegmentName } from '../../src/postgres/wal-segment.ts';
import { openStore } from '../../src/storage/open.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';
import { ARCHIVE_SCRIPT, programFolder, quoted, ROOT, settingText, until } from '../support/archived-cluster.ts';

describe('an archive_command', () => {
  let root: string;
  let spool: string;
  let archivePath: string;
  let server: TestServer;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback out '));
    spool = join(root, 'a spool');
    archivePath = join(root, 'archive');
    await mkdir(archivePath);
    await mkdir(join(root, 'no program'));
  });
  afterEach(async () => {
    await server.stop('immediate');
    await rm(root, { recursive: true, force: true });
  });

  function command(folder: string): string {
    const words = [
      'WALKBACK_AGENT_SILENCE_S=1',
      `WALG_FILE_PREFIX=${quoted(archivePath)}`,
      `PATH=${quoted(folder)}:/usr/bin:/bin`,
    ];
    return `${words.join(' ')} ${quoted(ARCHIVE_SCRIPT)} ${quoted(spool)} "%p"`;
  }

  async function start(folder: string): Promise<void> {
    const settings = { archive_mode: 'on', archive_command: settingText(command(folder)) };
    server = await startPostgres({ major: 17, root: join(root, 'the server'), walSegmentSizeMib: 1, settings });
    await server.sql('CREATE TABLE t (i int)');
  }

  async function withAgent<T>(work: () => Promise<T>): Promise<T> {
    await using store = await openedStore();
    const stop = new AbortController();
    const running = runAgent({ store: store.store, dataDirectory: server.dataDirectory, spool, signal: stop.signal });
    try {
      await until('the agent serves', async () => exists(join(spool, 'current', 'heartbeat')));
      return await work();
    } finally {
      stop.abort();
      await running;
    }
  }

  async function openedStore() {
    const store = await openStore({ kind: 'file', path: archivePath });
    return { store, [Symbol.asyncDispose]: () => store.close() };
  }

  async function archiver(): Promise<{ archived: number; failed: number; last: string | null }> {
    const [row] = await server.sql<{ archived: number; failed: number; last: string | null }>(
      'SELECT archived_count::int AS archived, failed_count::int AS failed, last_archived_wal AS last FROM pg_stat_archiver',
    );
    return row ?? { archived: 0, failed: 0, last: null };
  }

  /** Fills and closes so many segments. */
  async function writeSegments(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      await server.sql('INSERT INTO t SELECT 1');
      await server.sql('SELECT pg_switch_wal()');
    }
  }

  async function archivedSegments(): Promise<string[]> {
    const names = await readdir(join(archivePath, 'wal_005')).catch(() => []);
    return names.filter((name) => /^[0-9A-F]{24}\.zst$/.test(name)).toSorted();
  }

  /** The segments that the server wants archived: there are at least so many, in the end. */
  async function readySegments(count: number): Promise<string[]> {
    const segments = async () => (await readReadyFiles(server.dataDirectory)).filter((name) => isSegmentName(name));
    await until(`${count} segments are ready`, async () => (await segments()).length >= count);
    return segments();
  }

  /** Runs the script as the server would. */
  async function ask(dataDirectory: string, file: string): Promise<number> {
    const child = spawn('sh', ['-c', command('/nowhere').replace('"%p"', `"pg_wal/${file}"`)], {
      cwd: dataDirectory,
      stdio: 'ignore',
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? -1));
    });
  }

  it('succeeds for every segment with the agent, which leaves nothing behind in the spool', async () => {
    await start(join(root, 'no program'));
    await withAgent(async () => {
      await writeSegments(12);
      await until('all are archived', async () => (await archiver()).archived >= 12);
      const now = await archiver();
      expect(await archivedSegments()).toContain(`${now.last}.zst`);
      await until(
        'the spool is tidy',
        async () => (await readdir(join(spool, 'current', 'acknowledged'))).length === 0,
      );
    });
    expect(await exists(join(spool, 'agent.lock'))).toBe(false);
  });

  it('succeeds without an agent, by the program', async () => {
    await start(await programFolder(root));
    await writeSegments(2);
    await until('both are archived', async () => (await archiver()).archived >= 2);
    expect(await archivedSegments()).toHaveLength((await archiver()).archived);
  });

  it('fails so that the server counts it, with neither, and goes on when an agent appears', async () => {
    await start(join(root, 'no program'));
    await writeSegments(1);
    await until('failures are counted', async () => (await archiver()).failed >= 2);
    expect((await archiver()).archived).toBe(0);
    await withAgent(async () => until('it is archived', async () => (await archiver()).archived >= 1, 90_000));
  });

  it('fails with the reason while the archive is away', async () => {
    await start(join(root, 'no program'));
    await rm(archivePath, { recursive: true });
    await withAgent(async () => {
      await writeSegments(1);
      await until('a failure is counted', async () => (await archiver()).failed >= 1);
      expect((await archiver()).archived).toBe(0);
      await mkdir(archivePath);
      await until('it is archived', async () => (await archiver()).archived >= 1, 90_000);
    });
  });

  it('fails while the agent hangs, succeeds when it goes on, and fails when it was killed', async () => {
    await start(join(root, 'no program'));
    const agent = spawn(
      process.execPath,
      [join(ROOT, 'src/main.ts'), 'agent', '--data-directory', server.dataDirectory, '--spool-directory', spool],
      { env: { PATH: '/usr/bin:/bin', WALG_FILE_PREFIX: archivePath }, stdio: 'ignore' },
    );
    const gone = once(agent, 'exit');
    await until('the agent serves', async () => exists(join(spool, 'current', 'heartbeat')));
    agent.kill('SIGSTOP');
    await writeSegments(1);
    await until('a failure is counted', async () => (await archiver()).failed >= 1);
    expect((await archiver()).archived).toBe(0);
    agent.kill('SIGCONT');
    await until('it is archived', async () => (await archiver()).archived >= 1, 90_000);
    agent.kill('SIGKILL');
    await gone;
    const { archived, failed } = await archiver();
    await writeSegments(1);
    await until('a failure is counted', async () => (await archiver()).failed > failed);
    expect((await archiver()).archived).toBe(archived);
  });

  it('never overwrites what is there with other content, and says so to the server', async () => {
    await start(join(root, 'no program'));
    await writeSegments(2);
    const [first = '', second = ''] = await readySegments(2);
    const before = await readFile(join(server.dataDirectory, 'pg_wal', second));
    const object = join(archivePath, 'wal_005', first);
    await mkdir(join(archivePath, 'wal_005'));
    await writeFile(object, before);
    const failed = (await archiver()).failed;
    await withAgent(async () =>
      until('the conflict is counted', async () => (await archiver()).failed > failed + 3, 90_000),
    );
    expect(await archivedSegments()).not.toContain(`${first}.zst`);
    expect(await readFile(object)).toEqual(before);
    expect(await readFile(join(server.root, 'server.log'), 'utf8')).toContain('exists with other content');
  });

  it('takes no acknowledgement of another server, of an earlier file of that name, or of an emptied spool', async () => {
    await start(join(root, 'no program'));
    await writeSegments(1);
    const [segment = ''] = await readySegments(1);
    const twin = join(root, 'twin');
    await server.stop();
    // A server that still stops would ask, be told, and make the agent tidy the acknowledgement away.
    expect(await exists(join(server.dataDirectory, 'postmaster.pid'))).toBe(false);
    await cp(server.dataDirectory, twin, { recursive: true, preserveTimestamps: true });
    const acknowledged = join(spool, 'current', 'acknowledged', segment);
    await withAgent(async () => until('it is acknowledged', async () => exists(acknowledged)));

    expect(await ask(server.dataDirectory, segment)).toBe(0);
    expect(await ask(twin, segment)).toBe(1);
    const later = new Date(Date.now() + 60_000);
    await utimes(join(server.dataDirectory, 'pg_wal', segment), later, later);
    expect(await ask(server.dataDirectory, segment)).toBe(1);
    await utimes(join(server.dataDirectory, 'pg_wal', segment), new Date(0), new Date(0));
    await emptySpool(spool);
    expect(await ask(server.dataDirectory, segment)).toBe(1);
  });

  it('waits for an agent that is about to serve, and only once for one that is dead', async () => {
    await start(join(root, 'no program'));
    await writeSegments(1);
    const [segment = ''] = await readySegments(1);
    await server.stop();
    // As between two lives of a data directory: the agent holds the spool, and the server asks already.
    await mkdir(spool, { recursive: true });
    await writeFile(join(spool, 'agent.lock'), '');
    const asked = ask(server.dataDirectory, segment);
    await new Promise((done) => setTimeout(done, 400));
    await rm(join(spool, 'agent.lock'));
    await withAgent(async () => expect(await asked).toBe(0));

    await rm(spool, { recursive: true });
    await mkdir(spool);
    await writeFile(join(spool, 'agent.lock'), '');
    await utimes(join(spool, 'agent.lock'), new Date(0), new Date(0));
    expect(await ask(server.dataDirectory, segment)).toBe(1);
    const started = Date.now();
    expect(await ask(server.dataDirectory, segment)).toBe(1);
    // The first has waited for WALKBACK_AGENT_SILENCE_S; the second knows.
    expect(Date.now() - started).toBeLessThan(900);
  });

  it('archives on, without a failure, when the data directory begins another life under it', async () => {
    await start(join(root, 'no program'));
    await withAgent(async () => {
      for (let life = 1; life <= 3; life += 1) {
        await emptySpool(spool);
        await writeSegments(2);
        await until('both are archived', async () => (await archiver()).archived >= 2 * life);
      }
      expect((await archiver()).failed).toBe(0);
    });
  });

  it('is refused by the archive of another cluster', async () => {
    await start(join(root, 'no program'));
    await withAgent(async () => {
      await writeSegments(1);
      await until('it is archived', async () => (await archiver()).archived >= 1);
    });
    const before = await archivedSegments();
    await server.stop();
    await rm(server.root, { recursive: true });
    await rm(spool, { recursive: true });
    await start(join(root, 'no program'));
    await withAgent(async () => {
      await writeSegments(3);
      await until('failures are counted', async () => (await archiver()).failed >= 1);
    });
    expect(await archivedSegments()).toEqual(before);
  });

  it('allows one agent for a spool', async () => {
    await start(join(root, 'no program'));
    await withAgent(async () => {
      await using store = await openedStore();
      const second = runAgent({
        store: store.store,
        dataDirectory: server.dataDirectory,
        spool,
        signal: AbortSignal.timeout(5000),
      });
      await expect(second).rejects.toMatchObject({ kind: 'conflict' });
    });
  });
});
