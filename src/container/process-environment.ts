/**
 * What Patroni's process gets of the environment: what it needs of Kubernetes and of the system, and nothing else. What is
 * secret reaches the programs that it starts by directories of variables.
 *
 * Source: Spilo `runit/patroni/run`.
 *
 * @module
 */

import type { ContainerPaths } from './container-plan.ts';
import type { Reading } from './reading.ts';

const HANDED_ON = /^(KUBERNETES_(SERVICE|PORT|ROLE)(_\w+)?|POD_IP|POD_NAMESPACE|HOSTNAME|PATH|PGHOME|LC_ALL|LANG|TZ)$/;

/** The whole environment of Patroni. */
export function patroniEnvironment(reading: Reading, paths: ContainerPaths): Readonly<Record<string, string>> {
  const handedOn = Object.entries(reading.environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && HANDED_ON.test(entry[0]),
  );
  return { ...Object.fromEntries(handedOn), HOME: paths.home };
}
