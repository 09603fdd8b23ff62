/**
 * What is on a volume: the live data, and what recoveries have left beside it.
 *
 * @module
 */

import { readdir, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { messageOf } from '../../base/failure.ts';
import type { LocalPlaces } from '../../cluster/local-places.ts';
import { controlFileOf, isShutDown } from '../../instance/control-file-of.ts';
import { isThere } from '../../instance/durable-rename.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { directorySize } from '../../recovery/directory-size.ts';
import { controlFacts } from '../../recovery/gather-facts.ts';
import type { ProbedData, ProbedVolume } from './volume-tasks.ts';

type Where = Pick<ProbedData, 'directory' | 'place' | 'id'>;

async function waitingFiles(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, 'pg_wal', 'archive_status')).catch(() => []);
  return names
    .filter((name) => name.endsWith('.ready'))
    .map((name) => name.slice(0, -'.ready'.length))
    .toSorted();
}

async function probe(where: Where): Promise<ProbedData> {
  const control = await controlFileOf(where.directory);
  const { walLevel, required } = controlFacts(control);
  return {
    ...where,
    systemIdentifier: control.systemIdentifier.toString(),
    majorVersion: control.majorVersion,
    timeline: control.timeline,
    controlState: control.state,
    isShutDown: isShutDown(control),
    checkpointLsn: formatLsn(control.checkpointLsn),
    minRecoveryLsn: formatLsn(control.minRecoveryPoint),
    minRecoveryTimeline: control.minRecoveryTimeline,
    walLevel,
    required,
    sizeBytes: (await directorySize(where.directory)).toString(),
    unarchived: await waitingFiles(where.directory),
  };
}

async function placesOn(places: LocalPlaces): Promise<Where[]> {
  const live: Where = { directory: places.dataDirectory, place: 'live', id: null };
  const names = await readdir(places.recoveriesFolder).catch(() => []);
  const ids = names.filter((name) => /^[0-9a-f]{4,16}$/.test(name)).toSorted();
  const others = ids.flatMap((id) =>
    (['rehearsal', 'kept', 'replaced'] as const).map((place): Where => ({
      directory: places.placeOf(id, place),
      place,
      id,
    })),
  );
  const found: Where[] = [];
  for (const one of [live, ...others]) if (await isThere(join(one.directory, 'PG_VERSION'))) found.push(one);
  return found;
}

async function nearestThere(path: string): Promise<string> {
  return (await isThere(path)) ? path : nearestThere(dirname(path));
}

/** Looks, and changes nothing. */
export async function probeVolume(places: LocalPlaces): Promise<ProbedVolume> {
  const data: ProbedData[] = [];
  const unreadable: { directory: string; why: string }[] = [];
  for (const where of await placesOn(places)) {
    try {
      data.push(await probe(where));
    } catch (error) {
      unreadable.push({ directory: where.directory, why: messageOf(error) });
    }
  }
  const figures = await statfs(await nearestThere(places.dataDirectory), { bigint: true });
  return {
    data,
    unreadable,
    totalBytes: (figures.blocks * figures.bsize).toString(),
    freeBytes: (figures.bavail * figures.bsize).toString(),
  };
}
