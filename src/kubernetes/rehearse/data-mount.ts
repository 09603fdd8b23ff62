/**
 * Where a pod of ours mounts the volume of the data, and where the data directory is then.
 *
 * The same place as in the live pods where that is possible, as links of tablespaces are paths. A live pod that sees a folder of
 * the volume alone (`subPath`) has its data directory at the top of what it sees, where nothing can be put beside it: ours sees the
 * whole volume.
 *
 * @module
 */

import { posix } from 'node:path';

import { Failure } from '../../base/failure.ts';
import type { LiveShape } from './rehearsal.ts';

const WHOLE_VOLUME = '/walkback-volume';

/** The mount, and PGDATA in it. */
export interface DataMount {
  readonly mountPath: string;
  readonly dataDirectory: string;
  /** The live pods see the data at another path. */
  readonly isElsewhere: boolean;
}

/** Why no pod of ours can work beside the data, and what would help. */
export interface PlaceTrouble {
  readonly found: string;
  readonly remedy: string;
}

function mountOf(live: LiveShape): DataMount | PlaceTrouble {
  const { podSpec, container, volume, dataDirectory } = live;
  const mount = podSpec.containers
    .find(({ name }) => name === container)
    ?.volumeMounts?.find(({ name }) => name === volume);
  if (mount === undefined) {
    return {
      found: `its container ${container} does not mount the volume ${volume}`,
      remedy: 'Look at the pods of the StatefulSet.',
    };
  }
  const below = posix.relative(mount.mountPath, dataDirectory);
  if (below.startsWith('..')) {
    return {
      found: `its data directory ${dataDirectory} is not on the volume ${volume}, which is mounted at ${mount.mountPath}`,
      remedy: 'Set PGDATA to a folder of the volume, or name the right one.',
    };
  }
  if (mount.subPathExpr !== undefined) {
    return {
      found: `it mounts ${volume} by subPathExpr, which only its own pods resolve`,
      remedy: 'Use subPath, or none.',
    };
  }
  const isWhole = mount.subPath === undefined || mount.subPath === '';
  if (isWhole && below === '') {
    return {
      found: `its data directory ${dataDirectory} is the top of its volume, where nothing can be put beside it`,
      remedy: `Let PGDATA be a folder of the volume, such as ${posix.join(dataDirectory, 'pgdata')}, or mount a folder of it (subPath).`,
    };
  }
  if (isWhole) return { mountPath: mount.mountPath, dataDirectory, isElsewhere: false };
  return {
    mountPath: WHOLE_VOLUME,
    dataDirectory: posix.join(WHOLE_VOLUME, mount.subPath ?? '', below),
    isElsewhere: true,
  };
}

/** @throws {Failure} `refused` if nothing can be put beside the data directory, or it is not on the volume. */
export function dataMount(live: LiveShape): DataMount {
  const mount = mountOf(live);
  if ('mountPath' in mount) return mount;
  const { found, remedy } = mount;
  throw new Failure('refused', { message: `cannot rehearse ${live.statefulSet}: ${found}`, remedy });
}

/** Why a backup cannot be rehearsed there, before any pod is made; `undefined`: it can. @param tablespaces how many the backup has. */
export function placeTrouble(live: LiveShape, tablespaces: number): PlaceTrouble | undefined {
  const mount = mountOf(live);
  if (!('mountPath' in mount)) return mount;
  if (!mount.isElsewhere || tablespaces === 0) return undefined;
  return {
    found: `its backup has ${tablespaces} tablespaces, and its pods mount a folder of the volume alone (subPath), so that they would not see them`,
    remedy:
      'Recover with --way clone, or move the tablespaces’ tables into the data directory first and take a backup.',
  };
}
