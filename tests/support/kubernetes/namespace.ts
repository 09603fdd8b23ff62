/**
 * Namespaces as OpenShift's projects are: Pod Security "restricted" is enforced, and users come from a range of the namespace's own.
 *
 * @module
 */

import { randomInt, randomUUID } from 'node:crypto';

/** What makes one: the bed, as its administrator. */
export interface Administrator {
  kubectl(args: readonly string[], input?: string): Promise<string>;
  helm(args: readonly string[]): Promise<string>;
  apply(objects: string | readonly object[]): Promise<void>;
}

/** What a namespace is to be like. */
export interface NamespaceOptions {
  /** The level of Pod Security that is enforced; "restricted" otherwise. */
  readonly security?: 'restricted' | 'baseline' | 'privileged';
  /** Pods get their user as OpenShift gives it; see openshift.ts, which must have been applied. */
  readonly isProject?: boolean;
}

/** A namespace that a test made. Disposing deletes it with everything in it, volumes too. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  /** A user of its range. */
  readonly userId: number;
  /** kubectl in it. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** helm in it. */
  helm(args: readonly string[]): Promise<string>;
}

/** OpenShift gives a project 10,000 numbers from 1,000,000,000 up. */
const FIRST_USER = 1_000_000_000;
const RANGE = 10_000;

/** The label of namespaces in which pods get their user as OpenShift gives it. */
export const PROJECT_LABEL = 'walkback.local/project';

/** Makes one. */
export async function makeNamespace(
  bed: Administrator,
  prefix: string,
  { security = 'restricted', isProject = false }: NamespaceOptions = {},
): Promise<TestNamespace> {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  const first = FIRST_USER + randomInt(50_000) * RANGE;
  await bed.apply([
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        labels: { 'pod-security.kubernetes.io/enforce': security, [PROJECT_LABEL]: String(isProject) },
        annotations: {
          'openshift.io/sa.scc.uid-range': `${first}/${RANGE}`,
          'openshift.io/sa.scc.supplemental-groups': `${first}/${RANGE}`,
        },
      },
    },
  ]);
  return {
    name,
    userId: first + randomInt(RANGE),
    kubectl: (args, input) => bed.kubectl(['--namespace', name, ...args], input),
    helm: (args) => bed.helm(['--namespace', name, ...args]),
    [Symbol.asyncDispose]: async () => {
      await bed.kubectl(['delete', 'namespace', name, '--wait=false']);
      // Pods are given an hour to end; a namespace that nobody needs any more is not worth it.
      await bed.kubectl(['--namespace', name, 'delete', 'pods', '--all', '--grace-period=1', '--wait=false']);
      await bed.kubectl(['wait', '--for=delete', `namespace/${name}`, '--timeout=120s']);
      await letVolumesGo(bed, name);
    },
  };
}

/** Recoveries keep volumes (`Retain`) behind the claims and namespaces they were of: gigabytes a case. */
async function letVolumesGo(bed: Administrator, namespace: string): Promise<void> {
  const columns = 'custom-columns=name:.metadata.name,namespace:.spec.claimRef.namespace';
  const listed = await bed.kubectl(['get', 'persistentvolumes', '--no-headers', '--output', columns]);
  const policy = JSON.stringify({ spec: { persistentVolumeReclaimPolicy: 'Delete' } });
  for (const [name, of] of listed.split('\n').map((line) => line.split(/\s+/))) {
    // One that goes by itself may be gone meanwhile.
    if (name !== undefined && of === namespace)
      await bed.kubectl(['patch', 'persistentvolume', name, '--patch', policy]).catch(() => {});
  }
}
