/**
 * Opens a namespace of a cluster.
 *
 * @module
 */

import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../../storage/deadlines.ts';
import { ApiSession } from './api-session.ts';
import { forwardPort } from './forward-port.ts';
import type { Access, KubernetesApi } from './kubernetes-api.ts';
import type { KubernetesLogin } from './login.ts';
import { ObjectCalls } from './object-calls.ts';
import { ObjectPaths } from './object-paths.ts';
import { PodExec } from './pod-exec.ts';
import { PodLogs } from './pod-logs.ts';
import { waitUntil } from './wait-until.ts';

async function isAllowed(session: ApiSession, access: Access): Promise<boolean> {
  const { verb, group, name, isClusterWide } = access;
  const [resource = '', subresource] = access.resource.split('/');
  const { namespace } = session.connection.where;
  const answer = await session.read({
    asked: { verb: 'create', resource: 'selfsubjectaccessreviews', group: 'authorization.k8s.io' },
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: {
        resourceAttributes: {
          verb,
          group,
          resource,
          ...(subresource === undefined ? {} : { subresource }),
          ...(name === undefined ? {} : { name }),
          ...(isClusterWide === true ? {} : { namespace }),
        },
      },
    },
  });
  return (answer as { status?: { allowed?: boolean } }).status?.allowed === true;
}

/**
 * Reads the kubeconfig (or the pod's service account) and is ready to ask. Nothing is sent yet.
 *
 * @throws {Failure} `usage` if no cluster is named.
 */
export async function openKubernetesApi(
  login: KubernetesLogin,
  deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES,
): Promise<KubernetesApi> {
  const session = await ApiSession.open(login, deadlines);
  const paths = new ObjectPaths(session);
  const objects = new ObjectCalls(session, paths);
  const logs = new PodLogs(session, paths);
  const programs = new PodExec(session, paths);
  const { where } = session.connection;
  return {
    where,
    get: async (ref) => objects.get(ref),
    list: async (kind, selector) => objects.list(kind, selector),
    create: async (object, options) => objects.create(object, options),
    replace: async (object) => objects.replace(object),
    patch: async (ref, patch, options) => objects.patch(ref, patch, options),
    delete: async (ref, options) => objects.delete(ref, options),
    until: async (ref, what, isSo, options) =>
      waitUntil(session, paths, { ref, what, isSo, look: async () => objects.get(ref), ...options }),
    isAllowed: async (access) => isAllowed(session, access),
    logs: async (pod, container, options) => logs.read(pod, container, options),
    followLogs: (pod, container, signal) => logs.follow(pod, container, signal),
    exec: async (pod, container, command, options) => programs.run(pod, container, command, options),
    forwardPort: async (pod, port) => forwardPort(session, paths, pod, port),
    fence: (mayChange) => session.fence(mayChange),
    async [Symbol.asyncDispose]() {
      session.close();
    },
  };
}
