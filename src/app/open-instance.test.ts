import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import { connectionSettings, liveServerCommands } from './open-instance.ts';

const settingsFor = (environment: Record<string, string>) => loadSettings({ environment, workingDirectory: '/' });

describe('the connection to the live server', () => {
  it('goes to the usual socket when nothing is set', async () => {
    expect(await connectionSettings(await settingsFor({}))).toEqual({
      host: '/var/run/postgresql',
      port: 5432,
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      connectTimeoutMs: 10_000,
    });
  });

  it("goes where libpq's variables say", async () => {
    const environment = {
      PGHOST: 'db',
      PGPORT: '5433',
      PGUSER: 'u',
      PGDATABASE: 'd',
      PGPASSWORD: 'p',
      PGSSLMODE: 'require',
    };
    expect(await connectionSettings(await settingsFor(environment))).toMatchObject({
      host: 'db',
      port: 5433,
      user: 'u',
      database: 'd',
      password: 'p',
      ssl: { rejectUnauthorized: false },
    });
  });

  it('trusts the certificates named, and refuses a file that is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-ca-'));
    const environment = { PGHOST: 'db', PGSSLMODE: 'verify-full', PGSSLROOTCERT: join(folder, 'ca.pem') };
    await expect(connectionSettings(await settingsFor(environment))).rejects.toMatchObject({ kind: 'usage' });
    await writeFile(environment.PGSSLROOTCERT, 'PEM');
    const settings = await connectionSettings(await settingsFor(environment));
    expect(settings.ssl).toEqual({ rejectUnauthorized: true, ca: 'PEM' });
    await rm(folder, { recursive: true });
  });
});

describe('the commands of the live server', () => {
  const commands = async (environment: Record<string, string>) => liveServerCommands(await settingsFor(environment));

  it("are pg_ctl's when nothing is set", async () => {
    expect((await commands({})).stop).toContain('stop');
    expect((await commands({})).start[0]).toBe('{bin}/pg_ctl');
  });

  it.each([
    [{ WALKBACK_SYSTEMD_UNIT: 'pg.service' }, ['systemctl', 'start', 'pg.service']],
    [{ WALKBACK_DEBIAN_CLUSTER: '17/main' }, ['pg_ctlcluster', '17', 'main', 'start']],
    [{ WALKBACK_START_COMMAND: "up 'a b'", WALKBACK_STOP_COMMAND: 'down' }, ['up', 'a b']],
  ])('are those of %j', async (environment, start) => {
    expect((await commands(environment)).start).toEqual(start);
  });

  it('are refused when only one of the two is set', async () => {
    await expect(commands({ WALKBACK_START_COMMAND: 'up' })).rejects.toThrow(/stop-command is not set/);
    await expect(commands({ WALKBACK_STATUS_COMMAND: 'is-up' })).rejects.toThrow(/start-command is not set/);
  });

  it('are refused when two ways are set', async () => {
    const both = { WALKBACK_SYSTEMD_UNIT: 'pg.service', WALKBACK_DEBIAN_CLUSTER: '17/main' };
    await expect(commands(both)).rejects.toThrow(/more than one way is set/);
  });
});
