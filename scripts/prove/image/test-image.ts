/**
 * The image under test: built of this checkout, once for each process that needs it.
 *
 * @module
 */

import { podman, whyNoContainers } from '../../../tests/support/containers.ts';
import { ensureEtcd } from '../../../tests/support/patroni/etcd.ts';
import { findEngine } from '../../image/build-image.ts';
import { makeImage } from '../../image/make-image.ts';
import { BASE_IMAGE } from '../../toolchain/containers.mjs';

/** What servers of the image need here. */
export interface TestImage {
  readonly tag: string;
  readonly etcd: string;
  /** How long the build took, which took from the engine's store what had not changed. */
  readonly builtMs: number;
}

/** The majors that the image under test holds: its defaults. */
export const IMAGE_MAJORS = [17, 15] as const;

const TAG = 'localhost/walkback:prove';

/** True if the base is in the store: no other may be asked for then, and none can be. */
async function hasLocalBase(): Promise<boolean> {
  return podman('image', 'exists', BASE_IMAGE).then(
    () => true,
    () => false,
  );
}

/** Builds it. @throws if the build fails. */
export async function buildTestImage(tag: string, usesCache: boolean): Promise<void> {
  const engine = findEngine();
  if (engine?.program !== 'podman') throw new Error('there is no podman');
  const code = await makeImage({ engine, tag, usesCache, hasLocalBase: await hasLocalBase(), buildArguments: [] });
  if (code !== 0) throw new Error(`podman build ended with ${code}`);
}

async function make(): Promise<TestImage | string> {
  const reason = whyNoContainers();
  if (reason !== undefined) return reason;
  const etcd = await ensureEtcd('3.5');
  if (etcd === undefined) return 'there is no etcd';
  const beganMs = Date.now();
  await buildTestImage(TAG, true);
  return { tag: TAG, etcd, builtMs: Date.now() - beganMs };
}

let made: Promise<TestImage | string> | undefined;

/** The image, or why there can be none here. */
export function testImage(): Promise<TestImage | string> {
  made ??= make();
  return made;
}
