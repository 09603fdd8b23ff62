/**
 * The project's image in the bed: built of this checkout, or the one that somebody has handed in already.
 *
 * @module
 */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { testImage } from '../../../scripts/prove/image/test-image.ts';
import { podman, whyNoContainers } from '../containers.ts';
import { makeOnce } from '../programs.ts';
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

const listOf = (bed: Bed): string => join(bed.state, 'IMAGES');

/** Names that the file IMAGES of a bed lists, one a line. */
async function listed(bed: Bed): Promise<readonly string[]> {
  const text = await readFile(listOf(bed), 'utf8').catch(() => '');
  return text
    .split('\n')
    .flatMap((line) => line.trim().split(/\s+/, 1))
    .filter((name) => name !== '');
}

/** Builds it, hands it to the bed, and lists it. */
async function build(bed: Bed): Promise<void> {
  const image = await testImage();
  if (typeof image === 'string') throw new Error(`the image cannot be built: ${image}`);
  const folder = await mkdtemp(join(tmpdir(), 'walkback-image-'));
  try {
    const archive = join(folder, 'image.tar');
    await podman('tag', image.tag, OWN);
    await podman('save', '--quiet', '--format', 'docker-archive', '--output', archive, OWN);
    await bed.importImage(archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await writeFile(listOf(bed), `${OWN}\n`);
}

/** The image: BED_IMAGE, the last that is listed, or one that is built now. A text says why there can be none. */
export async function bedImage(bed: Bed): Promise<BedImage | string> {
  const given = process.env['BED_IMAGE'] ?? (await listed(bed)).at(-1);
  if (given !== undefined) return named(given);
  const reason = whyNoContainers();
  if (reason !== undefined) return reason;
  // Several test files want it at once.
  await makeOnce(listOf(bed), () => build(bed));
  return named((await listed(bed)).at(-1) ?? OWN);
}

/** Its name, for a pod. @throws if there can be none. */
export async function bedImageName(bed: Bed): Promise<string> {
  const image = await bedImage(bed);
  if (typeof image === 'string') throw new Error(`there is no image of ours for the bed: ${image}`);
  return `${image.repository}:${image.tag}`;
}
