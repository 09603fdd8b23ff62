/**
 * The project's image in the bed: built of this checkout, or the one that somebody has handed in already.
 *
 * @module
 */

import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { testImage } from '../../../scripts/prove/image/test-image.ts';
import { podman } from '../containers.ts';
import type { Bed } from './bed.ts';

/** An image by its two names in a chart's values. */
export interface BedImage {
  readonly repository: string;
  readonly tag: string;
}

const OWN = 'walkback.local/postgres:1';

function named(name: string): BedImage {
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

/** Names that the file IMAGES of a bed lists, one a line. */
async function listed(bed: Bed): Promise<readonly string[]> {
  const text = await readFile(join(bed.state, 'IMAGES'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .flatMap((line) => line.trim().split(/\s+/, 1))
    .filter((name) => name !== '');
}

async function build(bed: Bed): Promise<string | undefined> {
  const image = await testImage();
  if (typeof image === 'string') return image;
  const folder = await mkdtemp(join(tmpdir(), 'walkback-image-'));
  try {
    const archive = join(folder, 'image.tar');
    await podman('tag', image.tag, OWN);
    await podman('save', '--quiet', '--format', 'docker-archive', '--output', archive, OWN);
    await bed.importImage(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await appendFile(join(bed.state, 'IMAGES'), `${OWN}\n`);
  return undefined;
}

/** The image: WALKBACK_BED_IMAGE, the last that is listed, or one that is built now. A text says why there can be none. */
export async function bedImage(bed: Bed): Promise<BedImage | string> {
  const given = process.env['WALKBACK_BED_IMAGE'] ?? (await listed(bed)).at(-1);
  if (given !== undefined) return named(given);
  const reason = await build(bed);
  return reason ?? named(OWN);
}
