/**
 * A server restored by hand, with `walkback-restore` as its restore_command, from an archive that it must not get through.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { opens } from '../../../tests/support/archived-cluster.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';
import { restoredServer } from './replica.ts';
import { archiveOf, fetchFor, restoreCommand } from './restore-command.ts';

/** Asked for `fileName` the command ends above 125 and leaves nothing; asked for all of it, the server does not open. */
export async function assertNeverOpens(live: Recoverable, fileName: string): Promise<void> {
  const command = await restoreCommand(live, archiveOf(live));
  const server = await restoredServer(live, {
    name: 'by-hand',
    isStreaming: false,
    signal: 'recovery.signal',
    restoreCommand: command,
  });
  try {
    const { code, bytes, said } = await fetchFor(live, server, fileName);
    assert.ok(code > 125 && code !== 143, `restore_command ended with ${code} for ${fileName}: ${said}`);
    assert.equal(bytes, undefined, `restore_command left something for ${fileName}`);
    assert.ok(said.includes(fileName), `restore_command does not name ${fileName}: ${said}`);
    assert.equal(await opens(server), false, 'it opened short of the end');
    const histories = (await readdir(join(server.dataDirectory, 'pg_wal'))).filter((name) => name.endsWith('.history'));
    assert.deepEqual(histories, []);
  } finally {
    await server.stop('immediate');
  }
}
