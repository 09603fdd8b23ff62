/**
 * Settings of a cluster in a namespace of Kubernetes or OpenShift: which one, and as whom.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { names, text } from './value-kind.ts';

/** Settings of Kubernetes. */
export const KUBERNETES_SETTINGS = {
  kubeconfig: {
    group: 'kubernetes',
    kind: text,
    summary:
      "The kubeconfig, or several with colons between them. Absent: ~/.kube/config, and in a pod the pod's own service account.",
    example: '/home/ann/.kube/config',
    alsoFrom: ['KUBECONFIG'],
  },
  kubeContext: {
    group: 'kubernetes',
    kind: text,
    summary: 'The context of the kubeconfig. Absent: the current one.',
    example: 'prod',
    flag: 'context',
  },
  namespace: {
    group: 'kubernetes',
    kind: text,
    summary: 'The namespace that the cluster is in; on the command line also -n. Absent: that of the context.',
    example: 'shop-prod',
  },
  actAs: {
    group: 'kubernetes',
    kind: text,
    summary: 'The user or service account to act as, for who may impersonate.',
    example: 'system:serviceaccount:shop-prod:walkback',
    flag: 'as',
  },
  actAsGroup: {
    group: 'kubernetes',
    kind: names,
    summary: 'The groups to act with, beside --as.',
    example: 'dba',
    flag: 'as-group',
  },
  statefulset: {
    group: 'kubernetes',
    kind: text,
    summary:
      'The StatefulSet of the database. Naming one, or a scope, means cluster-kind kubernetes. Absent: the only one of the namespace that runs PostgreSQL.',
    example: 'shop-patroni',
  },
  patroniScope: {
    group: 'kubernetes',
    kind: text,
    summary: "Patroni's scope, where that is known and the StatefulSet is not.",
    example: 'shop-patroni',
    flag: 'scope',
  },
  walkbackImage: {
    group: 'kubernetes',
    kind: text,
    summary:
      "The image that walkback is copied from into the pods of a recovery. Absent: the cluster's own image, which has to have it.",
    example: 'registry.example.org/walkback:1',
  },
  serviceAccount: {
    group: 'kubernetes',
    kind: text,
    summary:
      "The ServiceAccount that the Job of --in-cluster runs as. Absent: the chart's, which is the StatefulSet's name with -recovery behind it.",
    example: 'shop-patroni-recovery',
  },
} as const satisfies Record<string, Setting>;
