/**
 * An image of PostgreSQL that has `wal-g` on its path and no walkback: made of the project's, as nothing else can be had everywhere.
 *
 * @module
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { podman, whyNoContainers } from '../containers.ts';
import { makeOnce } from '../programs.ts';
import { bedImageName } from './bed-image.ts';
import type { Bed } from './bed.ts';

const PLAIN = 'walkback.local/plain:1';

const CONTAINERFILE = `ARG BASE
FROM $BASE
USER 0:0
RUN rm /usr/local/bin/walkback
USER 101:0
`;

async function build(bed: Bed, base: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-plain-'));
  try {
    const archive = join(folder, 'image.tar');
    await writeFile(join(folder, 'Containerfile'), CONTAINERFILE);
    await podman('build', '--quiet', '--build-arg', `BASE=${base}`, '--tag', PLAIN, folder);
    await podman('save', '--quiet', '--format', 'docker-archive', '--output', archive, PLAIN);
    await bed.importImage(archive);
    await writeFile(join(bed.state, 'PLAIN_IMAGE'), `${PLAIN}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its name: BED_PLAIN_IMAGE, or one that is made here. `undefined`: ours is not in the store of images that it is made of. */
export async function bedPlainImage(bed: Bed): Promise<string | undefined> {
  const given = process.env['BED_PLAIN_IMAGE'];
  if (given !== undefined) return given;
  const base = await bedImageName(bed);
  const isHere = await podman('image', 'exists', base).then(
    () => whyNoContainers() === undefined,
    () => false,
  );
  if (!isHere) return undefined;
  await makeOnce(join(bed.state, 'PLAIN_IMAGE'), () => build(bed, base));
  return PLAIN;
}
