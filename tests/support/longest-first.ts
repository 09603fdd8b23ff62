/**
 * The order of test files: those first that wait the longest, so that none of them is what everything else waits for at the end.
 *
 * @module
 */

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that took more than a hundred seconds on two processors, the longest first. They mostly wait: for failovers, minutes, pods. */
const LONGEST: readonly string[] = [
  'tests/clusters/kubernetes-in-cluster.test.ts',
  'tests/clusters/agents-failover.test.ts',
  'tests/clusters/kubernetes-down.test.ts',
  'tests/clusters/recovery-lines.test.ts',
  'tests/clusters/recovery-versions.test.ts',
  'tests/clusters/patroni-recover.test.ts',
  'tests/system/agent-replica-backups.test.ts',
  'tests/clusters/kubernetes-reset.test.ts',
  'tests/clusters/kubernetes-kinds.test.ts',
  'tests/clusters/patroni-acceptance.test.ts',
  'tests/system/volume-kills.test.ts',
  'tests/faults/outage.test.ts',
];

function rankOf({ moduleId }: TestSpecification): number {
  const found = LONGEST.findIndex((path) => moduleId.endsWith(path));
  return found === -1 ? LONGEST.length : found;
}

/** The longest first, then as Vitest has them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}
