/**
 * `wal-g st cat`: an object's bytes to standard output, as they are stored unless a flag asks for their content.
 *
 * @module
 */

import { pipeline } from 'node:stream/promises';

import { openArchive } from '../../../app/open-archive.ts';
import { ENCRYPTS_ANY, openStoredObject } from '../stored-object.ts';
import { STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { readStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const stCat: WalgCommand = {
  words: 'st cat',
  summary: 'Cat the specified storage object to STDOUT',
  usage: 'relative_object_path',
  flags: {
    ...STORAGE_FLAGS,
    decompress: { summary: 'decompress the object' },
    decrypt: { summary: 'decrypt the object' },
  },
  operands: [1, 1],
  listener: 'operator',
  run: async ({ operands: [path = ''], flags, values }, { settings, signal, streams }) => {
    await using archive = await openArchive(settings, {
      ...readStorage(values, settings.environment),
      ...ENCRYPTS_ANY,
    });
    const shape = { decrypts: flags.has('decrypt'), decompresses: flags.has('decompress') };
    const pieces = await openStoredObject(archive, storagePath(path), { ...shape, signal });
    await pipeline(pieces, streams.out.stream, { end: false, signal });
    return 0;
  },
};
