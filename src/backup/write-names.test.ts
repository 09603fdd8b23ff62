import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import { openStore } from '../storage/open.ts';
import { readNames, writeNames } from './write-names.ts';

describe('names kept beside a backup', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-names-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are a warning, and no failure, where the server does not answer', async () => {
    const store = await openStore({ kind: 'file', path: folder });
    const gone = new Failure('unavailable', {
      message: 'cannot connect to the server',
      remedy: 'Look whether it runs.',
    });
    const warnings = await writeNames(await readNames(() => Promise.reject(gone)), store);
    expect(warnings).toEqual(['names of relations are not kept: cannot connect to the server']);
    await store.close();
  });
});
