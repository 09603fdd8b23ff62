import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isFailure } from '../base/failure.ts';
import { lsn } from '../postgres/lsn.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { chooseParent, type DeltaWish } from './choose-parent.ts';
import { controlOfBackup } from './control-of-backup.ts';
import { baseOn, type ChosenBase } from './take-base.ts';

const ARCHIVE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const SECOND = 'base_000000010000000000000006_D_000000010000000000000004';
const LATEST: DeltaWish = { maxSteps: 7, origin: 'LATEST' };

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-base-'));
  await cp(join(ARCHIVE, 'basebackups_005'), join(folder, 'basebackups_005'), {
    recursive: true,
    filter: (path) => !/part_\d+\.tar/.test(path),
  });
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function chosenBase() {
  const control = await controlOfBackup(store, SECOND);
  if (control === undefined) throw new Error('the fixture has a control file');
  const line = { timeline: 1, ancestors: [] };
  const choice = await chooseParent(store, LATEST, { control, line, isPermanent: false });
  if (choice.kind === 'full') throw new Error(choice.because);
  const { parent } = choice;
  const chosen: ChosenBase = { control, line, parent };
  return { chosen, finishLsn: parent.backup.finishLsn, systemIdentifier: control.systemIdentifier };
}

async function baseAt(after: bigint, delta: DeltaWish = LATEST) {
  const { chosen, finishLsn, systemIdentifier } = await chosenBase();
  const session = {
    startLsn: lsn(finishLsn + after),
    timeline: 1,
    systemIdentifier,
    walSegmentSizeBytes: 16 * 1024 * 1024,
    lost: new AbortController().signal,
  };
  return baseOn(session, chosen, { store, dataDirectory: folder, delta });
}

describe('what a backup builds on', () => {
  it('is a parent that ended where the backup begins, or before', async () => {
    expect(await baseAt(0n)).toMatchObject({ parent: { backup: { name: SECOND } } });
  });

  it('is nothing on a standby whose last restart point is older than the end of the newest backup', async () => {
    const base = await baseAt(-1n);
    expect(base.parent).toBeUndefined();
    expect(base.fullBecause).toContain(`${SECOND} ended behind the position that this backup begins at`);
  });

  it('is refused there if it was named', async () => {
    const failure = await baseAt(-1n, { ...LATEST, fromName: SECOND }).catch((error: unknown) => error);
    expect(isFailure(failure, 'refused')).toBe(true);
  });
});
