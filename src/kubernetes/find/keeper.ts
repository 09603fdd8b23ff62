/**
 * Who would put a change of a StatefulSet back: an upgrade by Helm, a controller that compares with Git, an owner.
 *
 * @module
 */

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import type { Keeper } from './kubernetes-cluster.ts';

const ARGO = 'argocd.argoproj.io/';
/** Argo CD's own choice for tracking; Helm's charts have it as well, so that it alone says nothing. */
const INSTANCE = 'app.kubernetes.io/instance';

function argoOf({ metadata }: StatefulSet): Keeper | undefined {
  const { labels = {}, annotations = {}, managedFields = [] } = metadata ?? {};
  const tracked = annotations[`${ARGO}tracking-id`] ?? labels[`${ARGO}instance`];
  const hasWritten = managedFields.some(({ manager = '' }) => manager.startsWith('argocd'));
  const isTold = Object.keys(annotations).some((name) => name.startsWith(ARGO));
  const name = tracked ?? (hasWritten || isTold ? (labels[INSTANCE] ?? 'an application') : undefined);
  return name === undefined ? undefined : { kind: 'Argo CD', name };
}

/** `undefined`: nothing shows who. */
export function keeperOf(statefulSet: StatefulSet): Keeper | undefined {
  const { labels = {}, annotations = {}, ownerReferences = [] } = statefulSet.metadata ?? {};
  const argo = argoOf(statefulSet);
  if (argo !== undefined) return argo;
  const flux = labels['helm.toolkit.fluxcd.io/name'] ?? labels['kustomize.toolkit.fluxcd.io/name'];
  if (flux !== undefined) return { kind: 'Flux', name: flux };
  const [owner] = ownerReferences;
  if (owner !== undefined) return { kind: 'owner', name: `${owner.kind} ${owner.name}` };
  const release =
    annotations['meta.helm.sh/release-name'] ?? (labels['heritage'] === undefined ? undefined : labels['release']);
  return release === undefined ? undefined : { kind: 'Helm', name: release };
}
