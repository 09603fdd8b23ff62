import { describe, expect, it } from 'vitest';

import { differencesFrom, stateAfter } from '../support/oracle.ts';
import { startPostgres } from '../support/postgres.ts';
import { openWorkload } from '../support/workload.ts';

const settings = { track_commit_timestamp: 'on', max_prepared_transactions: 10 };

describe('the oracle beside the workload', () => {
  it.each([14, 18])('agrees with PostgreSQL %i at the end', async (major) => {
    await using server = await startPostgres({ major, settings });
    const workload = await openWorkload({ seed: major, sessions: 3, connect: () => server.connect() });
    await workload.run(150);
    await workload.close();
    const client = await server.connect();
    expect(await differencesFrom(client, stateAfter(workload.commits, workload.commits.length))).toEqual([]);
    await client.end();
  });

  it('sees a row that is changed, missing, or too many, and a table that should be gone', async () => {
    await using server = await startPostgres({ major: 17, settings });
    const workload = await openWorkload({ seed: 5, sessions: 2, connect: () => server.connect() });
    await workload.run(40);
    await workload.close();
    const client = await server.connect();
    await client.query("INSERT INTO accounts VALUES (-1, 'x'); CREATE TABLE foreign_to_it (id int)");
    await client.query('DELETE FROM events WHERE id = (SELECT min(id) FROM events)');
    const differences = await differencesFrom(client, stateAfter(workload.commits, workload.commits.length));
    await client.end();
    expect(differences).toEqual([
      'table foreign_to_it should not be there',
      expect.stringMatching(/^accounts: row -1 should not be there/),
      expect.stringMatching(/^events: row \d+ is missing/),
    ]);
  });
});
