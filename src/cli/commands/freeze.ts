/**
 * `walkback freeze`: keeps everything as it is while somebody finds out what happened.
 *
 * @module
 */

import { freezeArchive, type FrozenArchive } from '../../app/freeze-archive.ts';
import { openArchive } from '../../app/open-archive.ts';
import { describeFreeze } from '../../backup/freeze-note.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { defineCommand } from '../command.ts';
import { flag, text } from '../options.ts';

/** Frozen, and the WAL up to now is not known to be in the archive. */
const NOT_ARCHIVED_EXIT_CODE = 2;

function frozenText({ isNew, note, moment, warnings }: FrozenArchive): string {
  const lines = [
    isNew
      ? 'The archive is frozen: nothing of it is pruned.'
      : `The archive was frozen already, ${describeFreeze(note)}.`,
    ...(moment === undefined
      ? []
      : [
          `Restore point ${moment.restorePoint} at ${formatLsn(moment.lsn)}: ${moment.isArchived ? 'the archive has all WAL up to it' : 'its WAL is not known to be in the archive yet'}.`,
        ]),
    ...warnings.map((line) => `But ${line}.`),
    'When nothing of it is needed any more:',
    '    walkback unfreeze',
  ];
  return `${lines.join('\n')}\n`;
}

/** The command. */
export const freeze = defineCommand({
  path: ['freeze'],
  summary: 'Stop pruning, archive all WAL up to now, and name a restore point, until unfrozen',
  description:
    'The first thing to do when something went wrong. It changes nothing of the server: it switches to a new WAL segment, so that all that was written is archived, names a restore point, and leaves a note in the archive that says who froze it and why. Exits 2 if it is frozen and the WAL up to now is not known to be archived.',
  settings: ['archive', 'server'],
  options: {
    reason: text('Why, for those who find it frozen'),
    by: text('Who; the user and host that run this, unless given', 'NAME'),
    noWait: flag('Do not wait until the archive has the WAL'),
  },
  examples: [{ line: 'walkback freeze --reason "orders are missing since eight"', does: 'then look around in peace' }],
  run: async ({ reason = '', by, noWait }, { settings, reporter, signal }) => {
    await using archive = await openArchive(settings);
    const frozen = await freezeArchive(settings, archive, {
      by,
      reason,
      isWaiting: !noWait,
      onProgress: reporter.progress,
      signal,
    });
    const { moment } = frozen;
    const json = { ...frozen, moment: moment === undefined ? null : { ...moment, lsn: formatLsn(moment.lsn) } };
    const isLate = !noWait && moment?.isArchived !== true;
    return { text: () => frozenText(frozen), json, exitCode: isLate ? NOT_ARCHIVED_EXIT_CODE : 0 };
  },
});
