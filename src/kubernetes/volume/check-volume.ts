/**
 * Checks of a rehearsal on a volume: in place, or on a copy that may be written.
 *
 * @module
 */

import { runChecks, type CheckResult } from '../../recovery/checks.ts';
import { replayToTarget } from '../../recovery/replay-to-target.ts';
import { withWritableCopy } from '../../recovery/writable-copy.ts';
import type { VolumeRequest } from './requests.ts';
import type { VolumeContext } from './volume-context.ts';

/** Runs them; a failed one is a result. @throws {Failure} if the rehearsal does not stand, or there is no room for a copy. */
export async function checkOnVolume(
  { replay, uses }: VolumeContext,
  { checks, database, isWritable }: Extract<VolumeRequest, { kind: 'check' }>,
): Promise<CheckResult[]> {
  const rest = { checks, database, ...(uses.signal === undefined ? {} : { signal: uses.signal }) };
  if (isWritable) return withWritableCopy(replay, (server) => runChecks({ server, ...rest }));
  const { server } = await replayToTarget(replay);
  return runChecks({ server, ...rest });
}
