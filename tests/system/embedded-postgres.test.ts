import { describe, expect, it } from 'vitest';

import { MAJORS, startPostgres } from '../support/postgres.ts';

describe('the embedded servers', () => {
  it.each(MAJORS)('PostgreSQL %i starts and answers', async (major) => {
    await using server = await startPostgres({ major });
    const [row] = await server.sql<{ version: string }>('SELECT current_setting($$server_version$$) AS version');
    expect(row?.version).toMatch(new RegExp(`^${major}\\.`));
  });
});
