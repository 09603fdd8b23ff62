import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { crc32c } from '../postgres/crc32c.ts';
import { versionByMajor } from '../postgres/versions.ts';
import { readControlFile } from './server.ts';

/** As PostgreSQL 17 writes it. */
function controlFile(): Buffer {
  const version = versionByMajor(17);
  const bytes = Buffer.alloc(8192);
  bytes.writeBigUInt64LE(7n, 0);
  bytes.writeUInt32LE(version.controlVersion, 8);
  bytes.writeUInt32LE(version.catalogVersion, 12);
  bytes.writeUInt32LE(6, 16);
  bytes.writeUInt32LE(1, 48);
  bytes.writeUInt32LE(1, 172);
  bytes.writeDoubleLE(1234567, 208);
  bytes.writeUInt32LE(8192, 216);
  bytes.writeUInt32LE(8192, 224);
  bytes.writeUInt32LE(16 * 1024 * 1024, 228);
  bytes.writeUInt32LE(crc32c(bytes, 0, version.controlCrcOffset), version.controlCrcOffset);
  return bytes;
}

describe('the control file of a data directory', () => {
  let root: string;
  let path: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-server-'));
    path = join(root, 'global', 'pg_control');
    await mkdir(join(root, 'global'));
  });
  afterEach(async () => rm(root, { recursive: true }));

  function torn(): Buffer {
    const bytes = controlFile();
    bytes.writeUInt32LE(2, 48);
    return bytes;
  }

  it('is read again when the server was writing it', async () => {
    await writeFile(path, torn());
    await writeFile(`${path}.whole`, controlFile());
    const [read] = await Promise.all([readControlFile(root), rename(`${path}.whole`, path)]);
    expect(read).toMatchObject({ systemIdentifier: 7n, timeline: 1 });
  });

  it('is damaged if it stays so, and not readable if it is not there', async () => {
    await expect(readControlFile(root)).rejects.toMatchObject({ kind: 'failed' });
    await writeFile(path, torn());
    await expect(readControlFile(root)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});
