import { describe, expect, it } from 'vitest';

import type { TarEntryType } from '../codec/tar-header.ts';
import { refuseKind } from './refuse-kind.ts';

const OBJECT = 'tar_partitions/part_001.tar.zst';

describe('an entry of a part', () => {
  it.each<[TarEntryType, string]>([
    ['file', 'base/5/1259'],
    ['directory', 'base/5'],
    ['symlink', 'server.crt'],
    ['symlink', 'pg_tblspc/16400'],
    ['symlink', 'base/5/notes'],
    ['symlink', 'log'],
  ])('that is a %s may be %j', (type, name) => {
    expect(() => refuseKind(type, name, OBJECT)).not.toThrow();
  });

  it.each<[TarEntryType, string, string]>([
    ['link', 'server.crt', 'a hard link'],
    ['characterDevice', 'base/5/1259', 'a device'],
    ['blockDevice', 'notes', 'a device'],
    ['fifo', 'log/pipe', 'a named pipe'],
  ])('that is a %s is refused with object and name', (type, name, kind) => {
    expect(() => refuseKind(type, name, OBJECT)).toThrow(
      `cannot restore from ${OBJECT}: ${JSON.stringify(name)} is ${kind}`,
    );
  });

  it.each([
    'PG_VERSION',
    'base/5/1259',
    'base/5/16384.1',
    'base/5/16384_fsm',
    'base/5/pg_filenode.map',
    'global/1262',
    'global/pg_control',
    'pg_tblspc/16400/PG_15_202209061/5/16401',
    'pg_xact/0000',
    'pg_multixact/offsets/0000',
  ])('that is a symbolic link in the place of %s is refused', (name) => {
    expect(() => refuseKind('symlink', name, OBJECT)).toThrow('a symbolic link in the place of a file of the server');
  });
});
