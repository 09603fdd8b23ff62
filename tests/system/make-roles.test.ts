import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { PlannedUsers } from '../../src/container/container-plan.ts';
import { Secret } from '../../src/container/secret.ts';
import { makeRoles } from '../../src/supervise/make-roles.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

const USERS: PlannedUsers = {
  superuser: { name: 'postgres', password: new Secret("of the super'user") },
  replication: { name: 'standby', password: new Secret('of the replicas') },
  others: [
    { name: 'admin', password: new Secret('cola'), options: ['createrole', 'createdb'] },
    { name: `we"ird 'name`, password: new Secret('grüße'), options: [] },
  ],
  human: 'zalandos',
};

describe.each([14, 17])('the roles of a cluster on PostgreSQL %i', (major) => {
  let server: TestServer;
  const connection = () => ({
    host: server.socketDirectory,
    port: server.port,
    user: 'postgres',
    database: 'postgres',
  });
  beforeAll(async () => {
    server = await startPostgres({
      major,
      settings: {
        log_statement: "'all'",
        password_encryption: "'scram-sha-256'",
        shared_preload_libraries: "'pg_stat_statements'",
      },
    });
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  /** True if a role gets in with a password. */
  async function canLogIn(user: string, password: string): Promise<boolean> {
    const client = new pg.Client({
      host: server.socketDirectory,
      port: server.port,
      user,
      password,
      database: 'postgres',
    });
    client.on('error', () => {});
    return client.connect().then(
      async () => client.end().then(() => true),
      () => false,
    );
  }

  it('are made with their passwords and rights', async () => {
    const made = await makeRoles(connection(), USERS);
    expect(made.created).toEqual(['standby', 'admin', `we"ird 'name`, 'zalandos']);
    expect(made.updated).toEqual(['postgres']);
    const roles = await server.sql(
      `select rolname, rolsuper, rolreplication, rolcanlogin, rolcreaterole, rolcreatedb from pg_roles
       where rolname !~ '^pg_' order by rolname collate "C"`,
    );
    const role = (rolname: string, more: object) => ({
      rolname,
      rolsuper: false,
      rolreplication: false,
      rolcanlogin: true,
      rolcreaterole: false,
      rolcreatedb: false,
      ...more,
    });
    expect(roles).toEqual([
      role('admin', { rolcreaterole: true, rolcreatedb: true }),
      role('postgres', { rolsuper: true, rolreplication: true, rolcreaterole: true, rolcreatedb: true }),
      role('standby', { rolreplication: true }),
      role(`we"ird 'name`, {}),
      role('zalandos', { rolcanlogin: false }),
    ]);
  });

  it('can log in with exactly these passwords, which are in no log', async () => {
    const hba = join(server.dataDirectory, 'pg_hba.conf');
    const before = await readFile(hba, 'utf8');
    await writeFile(hba, 'local all all scram-sha-256\n');
    await server.stop();
    await server.start();
    const passwords = [
      ['postgres', "of the super'user"],
      ['standby', 'of the replicas'],
      ['admin', 'cola'],
      [`we"ird 'name`, 'grüße'],
    ] as const;
    for (const [user, password] of passwords) {
      expect(await canLogIn(user, password), user).toBe(true);
      expect(await canLogIn(user, `${password}?`), user).toBe(false);
    }
    await writeFile(hba, before);
    await server.stop();
    await server.start();
    const log = await readFile(join(server.root, 'server.log'), 'utf8');
    expect(log).toMatch(/statement: /);
    for (const [, password] of passwords) expect(log).not.toContain(password.replaceAll("'", "''"));
    expect(JSON.stringify(await server.sql('select query from pg_stat_statements')).includes('cola')).toBe(false);
  });

  it('are made again without harm, with passwords that have changed, and what the cluster had before', async () => {
    await server.sql('alter role admin nologin; create role app login createdb');
    const made = await makeRoles(connection(), USERS);
    expect(made.created).toEqual([]);
    expect(await server.sql("select rolcanlogin from pg_roles where rolname = 'admin'")).toEqual([
      { rolcanlogin: true },
    ]);
    expect(await server.sql("select rolcanlogin, rolcreatedb from pg_roles where rolname = 'app'")).toEqual([
      { rolcanlogin: true, rolcreatedb: true },
    ]);
    expect(made.databases).toEqual(['postgres', 'template1']);
    expect(await server.sql("select extname from pg_extension where extname = 'pg_stat_statements'")).toHaveLength(1);
    expect(await server.sql("select has_function_privilege('admin', 'pg_switch_wal()', 'execute') as may")).toEqual([
      { may: true },
    ]);
  });

  it('include a group admin without a login where nobody set a password for it, left alone where it is there', async () => {
    await server.sql('drop owned by admin');
    await server.sql('revoke all on function pg_switch_wal() from admin', 'template1');
    await server.sql('drop role admin');
    const without = { ...USERS, others: [] };
    expect((await makeRoles(connection(), without)).created).toEqual(['admin']);
    await server.sql('alter role admin login');
    await makeRoles(connection(), without);
    expect(await server.sql("select rolcanlogin, rolcreatedb from pg_roles where rolname = 'admin'")).toEqual([
      { rolcanlogin: true, rolcreatedb: true },
    ]);
  });

  it('are not made of options that are none', async () => {
    const others = [{ name: 'x', password: undefined, options: ["login password 'x'"] }];
    await expect(makeRoles(connection(), { ...USERS, others })).rejects.toMatchObject({ kind: 'usage' });
    expect(await server.sql("select 1 from pg_roles where rolname = 'x'")).toEqual([]);
  });

  it('are made whatever the databases are in: one that cannot be prepared is told of, and those behind it are prepared', async () => {
    for (const name of ['a_bare', 'b_invalid', 'c_lost', 'd_whole']) await server.sql(`create database ${name}`);
    await server.sql('drop schema public cascade', 'a_bare');
    // As DROP DATABASE leaves it when it is ended in the middle.
    await server.sql("update pg_database set datconnlimit = -2 where datname = 'b_invalid'");
    const [lost] = await server.sql<{ oid: number }>("select oid from pg_database where datname = 'c_lost'");
    await server.sql('checkpoint');
    await rm(join(server.dataDirectory, 'base', String(lost?.oid)), { recursive: true });
    const made = await makeRoles(connection(), USERS);
    expect(made.updated).toContain('admin');
    expect(made.databases).toEqual(['d_whole', 'postgres', 'template1']);
    expect(made.warnings).toEqual([
      expect.stringMatching(/^could not prepare the database "a_bare" .*schema "public" does not exist/),
      expect.stringMatching(/^could not prepare the database "c_lost" .*"c_lost" does not exist/),
    ]);
    const extension = "select 1 from pg_extension where extname = 'pg_stat_statements'";
    expect(await server.sql(extension, 'd_whole')).toHaveLength(1);
    const right = "select has_function_privilege('admin', 'pg_switch_wal()', 'execute') as may";
    expect(await server.sql(right, 'a_bare')).toEqual([{ may: true }]);
  });
});
