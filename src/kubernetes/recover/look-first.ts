/**
 * The first look at the live data for a plan: at the server that takes writes, or at volumes where none answers; and how to look again.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { LookedAtCluster } from '../../recovery/gather-facts.ts';
import { lookAtLeader, type LookedAtLive } from './look-at-live.ts';
import { lookAtVolumes, type VolumeLookUses } from './look-at-volumes.ts';
import type { PodServer } from './pod-server.ts';
import type { Subject } from './subject.ts';

type Server = PodServer & { readonly uses: VolumeLookUses };

/**
 * Asks the pod that takes writes; where there is none, or its server does not answer, looks at the volumes.
 *
 * @throws {Failure} what the pod's answer says, or as {@link lookAtVolumes}.
 */
async function lookAtWhatThereIs(
  server: Server,
  subject: Subject,
  { id, leader }: { readonly id: string; readonly leader: string | undefined },
): Promise<LookedAtLive> {
  if (leader === undefined) return lookAtVolumes(server.uses, subject, id);
  try {
    return await lookAtLeader(server, subject, leader);
  } catch (error) {
    server.uses.signal?.throwIfAborted();
    if (!isFailure(error, 'unavailable')) throw error;
    return lookAtVolumes(server.uses, subject, id);
  }
}

/** Looks, and how to look again: a server that runs is asked anew where the archive is read anew; volumes that nobody writes say the same. */
export async function firstLook(
  server: Server,
  subject: Subject,
  given: { readonly id: string; readonly leader: string | undefined },
): Promise<{
  readonly first: LookedAtLive;
  readonly look: () => Promise<LookedAtCluster>;
  /** `undefined`: nobody answers. */
  readonly leader: string | undefined;
}> {
  const first = await lookAtWhatThereIs(server, subject, given);
  const isUp = first.cluster.connect !== undefined;
  return {
    first,
    look: async () => (isUp ? await lookAtLeader(server, subject, first.pod) : first).cluster,
    leader: isUp ? given.leader : undefined,
  };
}
