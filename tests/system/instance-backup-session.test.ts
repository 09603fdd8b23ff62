import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openBackupSession } from '../../src/instance/backup-session.ts';
import { connect, sqlStateOf, type ConnectionSettings } from '../../src/instance/connection.ts';
import { formatLsn } from '../../src/postgres/lsn.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

function settingsOf(server: TestServer): ConnectionSettings {
  return { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
}

describe.each([14, 17])('a backup session on PostgreSQL %i', (major) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres({ major, settings: { archive_mode: 'on', archive_command: "'true'" } });
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  it('starts and stops, and its label names the position it started at', async () => {
    await using session = await openBackupSession(settingsOf(server), { label: 'a test' });
    const end = await session.stop();
    expect(end.backupLabel).toContain(`START WAL LOCATION: ${formatLsn(session.startLsn)}`);
    expect(end.backupLabel).toContain(`START TIMELINE: ${session.timeline}`);
    expect(end.stopLsn).toBeGreaterThan(session.startLsn);
    expect(Math.floor(session.versionNum / 10_000)).toBe(major);
    expect(session.walSegmentSizeBytes).toBe(16 * 1024 * 1024);
  });

  it('is lost when the server ends its connection', async () => {
    await using session = await openBackupSession(settingsOf(server), { label: 'cut' });
    await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'walkback'");
    await expect.poll(() => session.lost.aborted).toBe(true);
    await expect(session.stop()).rejects.toMatchObject({ kind: expect.stringMatching(/unavailable|failed/) });
  });

  it('is not lost with its connection once it has been stopped', async () => {
    await using session = await openBackupSession(settingsOf(server), { label: 'stopped' });
    await session.stop();
    await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'walkback'");
    await expect.poll(() => session.connection.lost.aborted).toBe(true);
    expect(session.lost.aborted).toBe(false);
  });
});

describe('a backup session on a server whose transactions are limited', () => {
  it('outlives the limit, as long as its checkpoint takes', async () => {
    // Spread over a tenth of half a minute.
    const spread = { checkpoint_timeout: '30s', checkpoint_completion_target: 0.1 };
    await using server = await startPostgres({ major: 17, settings: { transaction_timeout: '1s', ...spread } });
    await server.sql('create table t as select i from generate_series(1, 300000) i');
    await using session = await openBackupSession(settingsOf(server), { label: 'slow', fast: false });
    expect(session.lost.aborted).toBe(false);
    await session.stop({ waitForArchive: false });
  });
});

describe('a connection', () => {
  it('is refused, naming the address, where no server listens', async () => {
    const settings = { host: '/nonexistent', port: 1, user: 'postgres', database: 'postgres' };
    await expect(connect(settings)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('/nonexistent/.s.PGSQL.1'),
    });
  });

  it('is refused to a list of hosts, which could lead to another server', async () => {
    const settings = { host: 'a,b', port: 5432, user: 'postgres', database: 'postgres' };
    await expect(connect(settings)).rejects.toMatchObject({ kind: 'usage' });
  });

  it('keeps the SQLSTATE of what the server refused', async () => {
    await using server = await startPostgres({ major: 17 });
    await using connection = await connect(settingsOf(server));
    const error = await connection.query('select 1 / 0').catch((caught: unknown) => caught);
    expect(sqlStateOf(error)).toBe('22012');
  });
});
