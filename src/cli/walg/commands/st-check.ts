/**
 * `wal-g st check read|write`: may this user read the archive, and write to it?
 *
 * The check of writing leaves nothing behind: an object of a name of its own is written and deleted.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';

import { openArchive } from '../../../app/open-archive.ts';
import { Failure } from '../../../base/failure.ts';
import { STORAGE_FLAGS } from '../storage-flags.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const stCheck: WalgCommand = {
  words: 'st check',
  summary: 'check access to the storage',
  usage: 'read | write',
  flags: STORAGE_FLAGS,
  operands: [1, 1],
  listener: 'operator',
  run: async ({ operands: [what = ''], values }, { settings, signal, log }) => {
    refuseOtherStorage(values);
    await using archive = await openArchive(settings);
    if (what === 'read') {
      await archive.store.listFolder('', { signal });
      log.info('Read check OK');
      return 0;
    }
    if (what !== 'write') {
      throw new Failure('usage', { message: `unknown check: ${what}`, remedy: 'Give read or write.' });
    }
    const key = `walkback_001/check/${randomUUID()}`;
    await archive.store.put(key, Buffer.from('check'), { signal, ifAbsent: true });
    await archive.store.delete([key], { signal });
    log.info('Write check OK');
    return 0;
  },
};
