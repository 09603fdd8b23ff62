import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openStore } from '../../storage/open.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { refuseNewTimeline } from './survey.ts';
import { swapContext } from './testing/swap-context.ts';

/** Looks before a cutover, where the archive has the history file of timeline 9, which it had not when it was planned. */
async function look(way: RecoveryWay): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-archive-'));
  try {
    const store = await openStore({ kind: 'file', path: folder });
    await store.put('wal_005/00000009.history.lz4', Buffer.from('x'));
    await using server = await startScriptedServer(keepObjects({}).answer, { attemptIdleMs: 2000, callMs: 5000 });
    const clone = way === 'clone' ? { clone: Object.create(null) } : {};
    const plan = { ...namespacePlan, swap: { ...namespacePlan.swap, way, ...clone } };
    await refuseNewTimeline(await swapContext(server.api, plan, [], { store }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('a failover since the plan', () => {
  it('refuses a cutover while the cluster is up: its rehearsal could not be finished', async () => {
    await expect(look('rebind')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('timeline 9 has appeared'),
    });
  });

  it('is nothing to a clone, whose new line goes to another archive', async () => {
    await look('clone');
  });
});
