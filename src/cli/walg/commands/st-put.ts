/**
 * `wal-g st put`: a file, or standard input, into the archive; compressed and encrypted unless a flag says otherwise.
 *
 * An object that exists is not overwritten without `--force`.
 *
 * @module
 */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

import { openArchive } from '../../../app/open-archive.ts';
import { refuseIfFrozen } from '../../../backup/freeze-note.ts';
import { Failure, messageOf } from '../../../base/failure.ts';
import { extensionOf } from '../../../base/compression-names.ts';
import { compressStream } from '../../../codec/compression.ts';
import { ENCRYPTS_ANY, writableStore } from '../stored-object.ts';
import { STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

/** Opened before anything is asked of a store, so that what is wrong with it is said. */
async function openLocal(path: string): Promise<Readable> {
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Name a file that this user may read.',
      cause: error,
    });
  }
}

/** The command. */
export const stPut: WalgCommand = {
  words: 'st put',
  summary: 'Upload the specified file to the storage',
  usage: 'local_path destination_path',
  flags: {
    ...STORAGE_FLAGS,
    force: { short: 'f', summary: 'Overwrite the existing object' },
    'no-compress': { summary: 'Do not compress the object' },
    'no-encrypt': { summary: 'Do not encrypt the object' },
    'read-stdin': { short: 's', summary: 'Read file content from STDIN' },
  },
  operands: [1, 2],
  listener: 'operator',
  run: async ({ operands, flags, values }, { settings, signal, log, streams }) => {
    refuseOtherStorage(values);
    const readsInput = flags.has('read-stdin');
    const destination = operands[readsInput ? 0 : 1];
    if (destination === undefined || operands.length > (readsInput ? 1 : 2)) {
      throw new Failure('usage', {
        message: 'cannot tell what to upload where',
        remedy: 'Give the local path and the destination; with --read-stdin the destination alone.',
      });
    }
    await using archive = await openArchive(settings, ENCRYPTS_ANY);
    if (flags.has('force')) await refuseIfFrozen(archive.store, 'overwrite an object', { signal });
    const source = readsInput ? streams.in : await openLocal(operands[0] ?? '');
    const compression = flags.has('no-compress') ? 'none' : archive.compression;
    const extension = extensionOf(compression);
    const key = `${storagePath(destination)}${extension === '' ? '' : `.${extension}`}`;
    const outcome = await writableStore(archive, !flags.has('no-encrypt')).put(
      key,
      compressStream(compression, source),
      {
        signal,
        ifAbsent: !flags.has('force'),
      },
    );
    if (outcome === 'exists') {
      throw new Failure('conflict', {
        message: `cannot write ${key}: it exists in ${archive.store.address}`,
        remedy: 'Give another path, or --force to overwrite it.',
      });
    }
    log.info(`${key} is written`);
    return 0;
  },
};
