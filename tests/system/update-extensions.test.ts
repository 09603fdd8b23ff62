import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { extensionWords, updateExtensions } from '../../src/bootstrap/update-extensions.ts';
import { connect } from '../../src/instance/connection.ts';
import { startPostgres, type TestServer } from '../support/postgres.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startPostgres({ major: 17 });
});
afterAll(async () => server[Symbol.asyncDispose]());

describe('extensions after an upgrade', () => {
  it('are updated where there is a way to the installed version, and told of where there is none', async () => {
    await server.sql("create extension pg_stat_statements version '1.4'");
    await server.sql('create extension pg_trgm; create extension hstore; create extension citext');
    await server.sql("update pg_extension set extversion = '0.0.1' where extname = 'hstore'");
    await server.sql("update pg_extension set extversion = '1.5' where extname = 'citext'");
    const connection = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
    await using open = await connect(connection);
    const updates = await updateExtensions(open);
    expect(updates.map((update) => extensionWords(update, 'shop'))).toEqual([
      // Its functions are there already, so that its script fails.
      expect.stringMatching(/^citext of shop: stays at 1\.5, not 1\.6: .*already exists/),
      expect.stringMatching(/^hstore of shop: stays at 0\.0\.1, not 1\.\d: what is installed has no way there$/),
      expect.stringMatching(/^pg_stat_statements of shop: 1\.4 to 1\.1\d$/),
    ]);
    const left = await server.sql<{ extname: string }>(
      'select extname from pg_extension e join pg_available_extensions a on a.name = extname where extversion <> default_version order by 1',
    );
    expect(left.map(({ extname }) => extname)).toEqual(['citext', 'hstore']);
  });
});
