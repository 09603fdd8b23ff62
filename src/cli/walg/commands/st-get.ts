/**
 * `wal-g st get`: an object into a file, decrypted and decompressed unless a flag says otherwise.
 *
 * The file appears whole or not at all, and one that exists is not overwritten.
 *
 * @module
 */

import { link, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { openArchive } from '../../../app/open-archive.ts';
import { Failure, messageOf } from '../../../base/failure.ts';
import { ENCRYPTS_ANY, openStoredObject } from '../stored-object.ts';
import { STORAGE_FLAGS, storagePath } from '../storage-flags.ts';
import { readStorage } from '../target-storage.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The file to write: in a folder, the object's own name without its extension. */
async function targetOf(path: string, destination: string, decompresses: boolean): Promise<string> {
  const found = await stat(destination).catch(() => undefined);
  if (found === undefined) return resolve(destination);
  if (found.isDirectory()) return join(resolve(destination), decompresses ? withoutExtension(path) : basename(path));
  throw new Failure('conflict', {
    message: `cannot write ${destination}: it exists`,
    remedy: 'Name another file, or move that one away.',
  });
}

function withoutExtension(path: string): string {
  return basename(path).replace(/\.(?:lz4|zst|br|lzma|gz)$/, '');
}

async function create(part: string, target: string): Promise<FileHandle> {
  return open(part, 'wx', 0o600).catch((error: unknown) => {
    throw new Failure('usage', {
      message: `cannot write ${target}: ${messageOf(error)}`,
      remedy: 'Name a place that this user may write to.',
      cause: error,
    });
  });
}

/** The command. */
export const stGet: WalgCommand = {
  words: 'st get',
  summary: 'Download the specified storage object',
  usage: 'relative_object_path destination_path',
  flags: {
    ...STORAGE_FLAGS,
    'no-decompress': { summary: 'Do not decompress the object' },
    'no-decrypt': { summary: 'Do not decrypt the object' },
  },
  operands: [2, 2],
  listener: 'operator',
  run: async ({ operands: [path = '', destination = ''], flags, values }, { settings, signal }) => {
    await using archive = await openArchive(settings, {
      ...readStorage(values, settings.environment),
      ...ENCRYPTS_ANY,
    });
    const shape = { decrypts: !flags.has('no-decrypt'), decompresses: !flags.has('no-decompress') };
    const pieces = await openStoredObject(archive, storagePath(path), { ...shape, signal });
    const target = await targetOf(path, destination, shape.decompresses);
    const part = `${target}.part-${process.pid}`;
    const file = await create(part, target);
    try {
      await pipeline(pieces, file.createWriteStream({ flush: true }), { signal });
      await link(part, target);
    } finally {
      await rm(part, { force: true });
    }
    return 0;
  },
};
