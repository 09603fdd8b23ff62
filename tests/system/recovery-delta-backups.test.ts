import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findBackup } from '../../src/backup/list.ts';
import { noProgress } from '../../src/base/progress.ts';
import { gatherFacts } from '../../src/recovery/gather-facts.ts';
import { makePlan } from '../../src/recovery/plan.ts';
import type { RecoveryUses } from '../../src/recovery/uses.ts';
import { restoreBackup } from '../../src/restore/restore-backup.ts';
import { sentinelKey } from '../../src/walg/backup-names.ts';
import { usesOf } from '../support/recoverable.ts';

/** Written by WAL-G on PostgreSQL 15: a full backup and two deltas on it. */
const SET = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309');
const FULL = 'base_000000010000000000000002';
const FIRST = 'base_000000010000000000000004_D_000000010000000000000002';
const SECOND = 'base_000000010000000000000006_D_000000010000000000000004';

interface Mark {
  readonly why: string;
  readonly xid: number;
}

describe('a recovery from an archive with delta backups', () => {
  let root = '';
  let uses: RecoveryUses;
  let marks: readonly Mark[];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-deltas-'));
    await cp(join(SET, 'archive'), join(root, 'archive'), { recursive: true });
    await mkdir(join(root, 'live'));
    uses = await usesOf(root, 15);
    marks = JSON.parse(await readFile(join(SET, 'expected.json'), 'utf8')).moments;
    await restoreBackup({
      store: uses.store,
      backup: await findBackup(uses.store, FULL),
      destination: uses.cluster.dataDirectory,
      tablespaceLocations: new Map(),
      concurrency: 2,
      onProgress: noProgress,
    });
  });

  afterAll(async () => rm(root, { recursive: true, force: true }));

  async function planTo(xid: number): Promise<{ backup: string; passedOver: readonly string[]; proven: string }> {
    const facts = await gatherFacts(uses, { id: 'd41e', target: { kind: 'xid', xid, inclusive: true } });
    const plan = makePlan(facts);
    return { backup: plan.backup.name, passedOver: facts.passedOverDeltas, proven: plan.proven.join('\n') };
  }

  it('begins with the nearest delta, and its plan says what that is restored from', async () => {
    const { backup, passedOver, proven } = await planTo(marks.at(-1)?.xid ?? 0);
    expect(backup).toBe(SECOND);
    expect(passedOver).toEqual([]);
    expect(proven).toContain(`${SECOND} is a delta: restored from ${FULL} and 2 deltas on it`);
  });

  it('begins with the full backup where the deltas lie behind the target', async () => {
    const early = marks.find(({ why }) => why === 'after full backup')?.xid ?? 0;
    const { backup, passedOver, proven } = await planTo(early);
    expect(backup).toBe(FULL);
    expect(passedOver).toEqual([]);
    expect(proven).not.toContain('delta');
  });

  it('passes over a delta that builds on a backup that is gone, and says so', async () => {
    await uses.store.delete([sentinelKey(FIRST)]);
    const { backup, passedOver, proven } = await planTo(marks.at(-1)?.xid ?? 0);
    expect(backup).toBe(FULL);
    expect(passedOver).toEqual([SECOND]);
    expect(proven).toContain(`not from ${SECOND}: a delta backup, and those it builds on are not all there`);
  });
});
