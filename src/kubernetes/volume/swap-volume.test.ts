import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { PlaceName } from '../../cluster/cluster.ts';
import { localPlaces, type LocalPlaces } from '../../cluster/local-places.ts';
import { swapBack } from './swap-volume.ts';

const ID = '7f3a';

describe('a swap that is taken back', () => {
  let root: string;
  let places: LocalPlaces;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-swap-'));
    places = localPlaces(join(root, 'data'));
  });

  afterEach(async () => rm(root, { recursive: true }));

  /** Data in a place, by which it is known again. */
  async function put(place: PlaceName, what: string): Promise<void> {
    const directory = places.placeOf(ID, place);
    await mkdir(join(directory, 'global'), { recursive: true });
    for (const name of ['PG_VERSION', 'global/pg_control']) await writeFile(join(directory, name), what);
  }
  const at = async (place: PlaceName): Promise<string | undefined> =>
    readFile(join(places.placeOf(ID, place), 'PG_VERSION'), 'utf8').catch(() => undefined);

  it('leaves everything where it was if it had not begun', async () => {
    await put('live', 'old');
    await put('rehearsal', 'new');
    expect(await swapBack(places, ID)).toBe(true);
    expect([await at('live'), await at('rehearsal')]).toEqual(['old', 'new']);
  });

  it('puts the data back if it had come to its first rename alone', async () => {
    await put('kept', 'old');
    await put('rehearsal', 'new');
    expect(await swapBack(places, ID)).toBe(false);
    expect([await at('live'), await at('rehearsal'), await at('kept')]).toEqual(['old', 'new', undefined]);
  });

  it('puts the recovered data aside if it was done, and says so the second time', async () => {
    await put('live', 'new');
    await put('kept', 'old');
    expect(await swapBack(places, ID)).toBe(false);
    expect([await at('live'), await at('replaced')]).toEqual(['old', 'new']);
    expect(await swapBack(places, ID)).toBe(true);
  });

  it('is refused if nothing tells what was there', async () => {
    await put('live', 'new');
    await expect(swapBack(places, ID)).rejects.toMatchObject({ kind: 'conflict' });
  });
});
