/**
 * A rehearsal on a volume at work: what it is given, where its things are, and how the steps see it.
 *
 * @module
 */

import { join } from 'node:path';

import type { BuildContext } from '../../bootstrap/build-steps.ts';
import type { BootstrapJournal } from '../../bootstrap/journal.ts';
import type { BootstrapPlace } from '../../bootstrap/place.ts';
import type { OnProgress } from '../../base/progress.ts';
import type { RateLimiter } from '../../base/rate-limiter.ts';
import { localPlaces, type LocalPlaces } from '../../cluster/local-places.ts';
import type { ReplayContext } from '../../recovery/recovery-context.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import type { VolumePlan, VolumeRole } from './volume-plan.ts';

/** Where the data end: put at PGDATA of a claim that has none, or left beside the live data until a swap. */
export type VolumePlaceKind = 'newClaim' | 'inVolume';

/** What work on a volume is given. */
export interface VolumeUses {
  /** PGDATA of the cluster, on the volume, as this process sees it. */
  readonly dataDirectory: string;
  readonly store: ObjectStore;
  /** The folder with `postgres` of a major. @throws {Failure} `refused` if it is not there. */
  readonly binariesOf: (major: number) => Promise<string>;
  /** @throws {Failure} `usage` if what the plan names holds none. */
  readonly passwordOf: (role: VolumeRole) => Promise<string | undefined>;
  readonly now: () => Date;
  readonly restoreScript?: string;
  readonly concurrency?: number;
  /** How fast a backup is read from the store; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
  readonly signal?: AbortSignal;
}

/** What a rehearsal is given besides. */
export interface RehearsalUses extends VolumeUses {
  readonly place: VolumePlaceKind;
  /** It listens on the loopback while it stands. */
  readonly listens: boolean;
}

/** One rehearsal. */
export interface VolumeContext extends BuildContext {
  readonly plan: VolumePlan;
  readonly places: LocalPlaces;
  readonly volume: RehearsalUses;
}

/** The places on a volume, as the steps of a bootstrap name them: everything of one rehearsal is in its own folder. */
export function buildPlace(places: LocalPlaces, id: string): BootstrapPlace {
  const folder = places.recoveryFolder(id);
  return {
    dataDirectory: places.dataDirectory,
    folder,
    data: places.placeOf(id, 'rehearsal'),
    tablespacesOf: () => join(folder, 'tablespaces'),
  };
}

/** @throws {Failure} `refused` if the programs of the plan's major are not there. */
export async function volumeContext(
  volume: RehearsalUses,
  plan: VolumePlan,
  journal: BootstrapJournal,
  onProgress: OnProgress,
): Promise<VolumeContext> {
  const { store, restoreScript, concurrency, limiter, signal } = volume;
  const places = localPlaces(volume.dataDirectory);
  const rest = {
    store,
    limiter,
    onProgress,
    ...(signal === undefined ? {} : { signal }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
  const replay: ReplayContext = {
    plan,
    uses: {
      ...rest,
      cluster: places,
      bin: await volume.binariesOf(plan.majorVersion),
      user: plan.user,
      ...(volume.listens ? { listensOnLoopback: true } : {}),
      ...(restoreScript === undefined ? {} : { restoreScript }),
    },
  };
  return {
    uses: { ...rest, place: buildPlace(places, plan.id), writesTo: store },
    plan,
    journal,
    replay,
    holder: plan.id,
    places,
    volume,
  };
}

/** The same with a server that listens nowhere: what opens must not be reached. */
export function withoutListening(context: VolumeContext): VolumeContext {
  const { listensOnLoopback: _listens, ...uses } = context.replay.uses;
  return { ...context, replay: { ...context.replay, uses } };
}
