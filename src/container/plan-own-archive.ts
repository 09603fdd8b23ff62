/**
 * The archive of a container's environment, and nothing else of its plan: for what works beside the cluster, in a pod of its
 * image.
 *
 * @module
 */

import type { Environment } from '../config/environment.ts';
import { planAgent } from './agent-plan.ts';
import type { ContainerFacts } from './container-facts.ts';
import { ownArchive } from './own-archive.ts';
import { refusedContainer } from './plan-container.ts';
import { chooseMajor } from './postgres-major.ts';
import { Reading } from './reading.ts';
import { revealedAll } from './secret.ts';

/** Variables by which the archive is reached; secrets are among them. */
export interface OwnArchiveVariables {
  readonly address: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * What the environment says of the archive that the cluster writes.
 *
 * @returns `undefined` if it names none.
 * @throws {Failure} `usage` with all that `walkback entrypoint` would refuse of it.
 */
export function planOwnArchive(environment: Environment, facts: ContainerFacts): OwnArchiveVariables | undefined {
  const reading = new Reading(environment, facts);
  const chosen = chooseMajor(reading, undefined);
  const scope = reading.get('SCOPE') ?? 'dummy';
  const found = ownArchive(reading, chosen, { scope, agent: planAgent(reading), variables: {} });
  if (reading.refusals.length > 0) throw refusedContainer(reading.refusals);
  if (found === undefined) return undefined;
  return { address: found.address, variables: revealedAll(found.environment.variables) };
}
