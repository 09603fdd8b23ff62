import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import { answerRequest, failedAnswer, isVolumeRequest, openRequests, takeAnswer, writeRequest } from './requests.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-requests-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const check = (id: string) => ({ id, kind: 'check', checks: [], database: 'postgres', isWritable: false }) as const;
const refused = failedAnswer(new Failure('refused', { message: 'cannot', remedy: 'Do.' }));

describe('requests on a volume', () => {
  it('are found until they are answered, a finish last', async () => {
    await writeRequest(folder, { id: 'a', kind: 'finish' });
    await writeRequest(folder, check('b'));
    expect((await openRequests(folder)).map(({ id }) => id)).toEqual(['b', 'a']);
    await answerRequest(folder, 'b', { kind: 'checked', results: [] });
    expect((await openRequests(folder)).map(({ id }) => id)).toEqual(['a']);
    expect(await takeAnswer(folder, 'b')).toEqual({ kind: 'checked', results: [] });
    expect(await readdir(join(folder, 'answers'))).toEqual([]);
  });

  it('that were answered are not done again when they are asked again, but for those that failed', async () => {
    await writeRequest(folder, check('a'));
    await answerRequest(folder, 'a', { kind: 'accepted' });
    await writeRequest(folder, check('a'));
    expect(await openRequests(folder)).toEqual([]);
    await answerRequest(folder, 'a', refused);
    await writeRequest(folder, check('a'));
    expect(await openRequests(folder)).toHaveLength(1);
  });

  it('cannot leave their folder', async () => {
    await expect(writeRequest(folder, check('../a'))).rejects.toThrow(/cannot use/);
  });

  it('end to be waited for when that is given up', async () => {
    await expect(takeAnswer(folder, 'a', AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
  });

  it('are told from anything else', () => {
    expect(isVolumeRequest(check('a'))).toBe(true);
    expect([null, 'finish', {}, { kind: 'erase' }].some(isVolumeRequest)).toBe(false);
  });
});
