/**
 * What OpenShift does to a pod in a project, done by the API server itself: admission by the rules of the security context
 * constraint "restricted-v2". A pod that says nothing gets its user and group from the project's range; one that asks for
 * others is refused. The constraint's kind is there too, by which charts know where they are.
 *
 * Source: OpenShift Container Platform, "Managing security context constraints" (restricted-v2; UID ranges).
 *
 * @module
 */

import type { Bed } from './bed.ts';
import { PROJECT_LABEL } from './namespace.ts';

const POLICY = 'walkback-restricted-v2';

/** Pods of projects, as they are created. */
const PODS = {
  namespaceSelector: { matchLabels: { [PROJECT_LABEL]: 'true' } },
  resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
};

const FIRST = "int(namespaceObject.metadata.annotations['openshift.io/sa.scc.uid-range'].split('/')[0])";

/** The value that a pod has, or that of the project. */
function given(field: 'runAsUser' | 'fsGroup'): string {
  const path = 'object.spec.securityContext';
  return `has(${path}) && has(${path}.${field}) ? ${path}.${field} : variables.first`;
}

const USER = `Object{spec: Object.spec{
  securityContext: Object.spec.securityContext{
    runAsUser: ${given('runAsUser')},
    fsGroup: ${given('fsGroup')},
    seccompProfile: Object.spec.securityContext.seccompProfile{type: "RuntimeDefault"}}}}`;

/** Rights of the first container, if it says nothing of them: the language has no way to go through a list by its numbers. */
const RIGHTS = `has(object.spec.containers[0].securityContext) ? [] : [JSONPatch{
  op: "add", path: "/spec/containers/0/securityContext",
  value: Object.spec.containers.securityContext{
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: Object.spec.containers.securityContext.capabilities{drop: ["ALL"]}}}]`;

const group = { apiVersion: 'admissionregistration.k8s.io/v1' };
const variables = [{ name: 'first', expression: FIRST }];

const OBJECTS: readonly object[] = [
  {
    ...group,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: POLICY },
    spec: {
      matchConstraints: PODS,
      variables,
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [
        { patchType: 'ApplyConfiguration', applyConfiguration: { expression: USER } },
        { patchType: 'JSONPatch', jsonPatch: { expression: RIGHTS } },
      ],
    },
  },
  {
    ...group,
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: POLICY },
    spec: { policyName: POLICY },
  },
  {
    ...group,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: POLICY },
    spec: {
      matchConstraints: PODS,
      variables,
      failurePolicy: 'Fail',
      validations: ['runAsUser', 'fsGroup'].map((field) => ({
        expression: `object.spec.securityContext.${field} >= variables.first && object.spec.securityContext.${field} < variables.first + 10000`,
        message: `unable to validate against any security context constraint: ${field} is not in the project's range`,
      })),
    },
  },
  {
    ...group,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: POLICY },
    spec: { policyName: POLICY, validationActions: ['Deny'] },
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'securitycontextconstraints.security.openshift.io',
      annotations: { 'api-approved.kubernetes.io': 'unapproved, a stand-in for tests' },
    },
    spec: {
      group: 'security.openshift.io',
      scope: 'Cluster',
      names: { plural: 'securitycontextconstraints', kind: 'SecurityContextConstraints' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  },
];

/** Makes projects of the bed what they are on OpenShift. Done twice, nothing changes. */
export async function imitateOpenShift(bed: Bed): Promise<void> {
  await bed.apply(OBJECTS);
  await bed.kubectl(['wait', '--for=condition=Established', 'crd/securitycontextconstraints.security.openshift.io']);
}
