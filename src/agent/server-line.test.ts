import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { controlFileBytes } from '../archive/testing/control-file-bytes.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { readPrimary } from './server-line.ts';

describe('the primary on a data directory', () => {
  let root: string;
  let store: ObjectStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-server-line-'));
    store = await openStore({ kind: 'file', path: root });
    await mkdir(join(root, 'data/global'), { recursive: true });
    await mkdir(join(root, 'data/pg_wal'));
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true });
  });

  const writeControl = async (given: Omit<Parameters<typeof controlFileBytes>[0], 'systemIdentifier'>) =>
    writeFile(join(root, 'data/global/pg_control'), controlFileBytes({ systemIdentifier: 7n, ...given }));
  const read = async () => readPrimary(store, join(root, 'data'));

  it('is known with where its last checkpoint began', async () => {
    await writeControl({ redoLsn: 0x500_0028n });
    expect(await read()).toMatchObject({ line: { timeline: 1 }, redoLsn: 0x500_0028n });
  });

  it('is on its new timeline from its promotion on, before it has made a checkpoint of its own', async () => {
    await writeControl({ timeline: 1, minRecoveryTimeline: 2, redoLsn: 0x500_0028n });
    await writeFile(join(root, 'data/pg_wal/00000002.history'), '1\t0/5001000\tno recovery target specified\n');
    expect(await read()).toMatchObject({ line: { timeline: 2, ancestors: [{ timeline: 1, switchLsn: 0x500_1000n }] } });
  });

  it('is none while its server follows another', async () => {
    await writeControl({});
    await writeFile(join(root, 'data/standby.signal'), '');
    expect(await read()).toBeUndefined();
  });
});
