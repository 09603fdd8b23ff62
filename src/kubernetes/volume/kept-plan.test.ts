import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { volumePlan } from '../rehearse/testing/volume-plan.ts';
import { readKeptPlan, writeKeptPlan } from './kept-plan.ts';

it('the plan of a rehearsal is read again from its volume, where it has not the name of the plan of a recovery on the host', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-kept-plan-'));
  try {
    await writeKeptPlan(folder, volumePlan);
    expect(await readKeptPlan(folder)).toEqual(volumePlan);
    expect(await readdir(folder)).not.toContain('plan.json');
  } finally {
    await rm(folder, { recursive: true });
  }
});
