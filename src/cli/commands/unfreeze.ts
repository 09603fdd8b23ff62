/**
 * `walkback unfreeze`: lets an archive be pruned again.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { describeFreeze, removeFreezeNote } from '../../backup/freeze-note.ts';
import { defineCommand } from '../command.ts';

/** The command. */
export const unfreeze = defineCommand({
  path: ['unfreeze'],
  summary: 'Let an archive be pruned again that was frozen',
  settings: ['archive'],
  examples: [{ line: 'walkback unfreeze', does: 'whoever froze it' }],
  run: async (_given, { settings, signal }) => {
    await using archive = await openArchive(settings);
    const note = await removeFreezeNote(archive.store, { signal });
    const was = note === undefined ? 'The archive is not frozen.' : `It was frozen ${describeFreeze(note)}.`;
    return {
      text: () => (note === undefined ? `${was}\n` : `The archive can be pruned again. ${was}\n`),
      json: { wasFrozen: note !== undefined, note: note ?? null },
    };
  },
});
