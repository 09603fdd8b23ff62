import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readControlFile } from './server.ts';
import { controlFileBytes } from './testing/control-file-bytes.ts';

const controlFile = (): Buffer => controlFileBytes({ systemIdentifier: 7n });

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
