/**
 * The backup that a cutover and an undo end with: without one, nothing on the new line could be recovered to.
 *
 * Damaged pages do not keep it from being taken: they may be older than the recovery, whose last step would then fail for
 * ever, and a line without any backup is worse. They are in its facts, for the report to be loud about.
 *
 * @module
 */

import { queryText } from '../instance/connection.ts';
import type { StepFacts } from './journal.ts';
import type { RecoveryContext } from './recovery-context.ts';
import type { RecoveryUses } from './uses.ts';

/** How many damaged files are named. */
const MOST_NAMED = 5;

/** Without archived WAL no backup could be restored, and none can be taken: the recovery ends without one, and says so. */
async function isArchiving({ cluster }: RecoveryUses): Promise<boolean> {
  await using connection = await cluster.connect();
  return (await queryText(connection, 'show archive_mode')) !== 'off';
}

/** Takes it, of the live server, which is started if it does not run. */
export async function backUpLive({ uses }: RecoveryContext): Promise<StepFacts> {
  await uses.cluster.start();
  if (!(await isArchiving(uses))) return { skipped: 'archive_mode is off' };
  const { name, timeline, corruptFiles } = await uses.takeBackup();
  const damagedPages = corruptFiles.reduce((sum, { blocks }) => sum + blocks.length, 0);
  if (damagedPages === 0) return { backup: name, timeline };
  const damagedFiles = corruptFiles.slice(0, MOST_NAMED).map((file) => file.name);
  return { backup: name, timeline, damagedPages, damagedFiles: damagedFiles.join(', ') };
}
