/**
 * The REST API of the Patroni in a pod, by a forwarded port.
 *
 * @module
 */

import { openMemberRest } from '../cluster/patroni/rest-client.ts';
import { restApiUser } from '../container/patroni-configuration.ts';
import type { KubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import type { Pod } from '../kubernetes/api/kubernetes-objects.ts';
import type { FoundCluster } from '../kubernetes/find/find-cluster.ts';
import type { PodPatroni } from '../kubernetes/recover/context.ts';

const PORT = 8008;

/** As the member itself says where its API is. */
function apiUrlOf(pod: Pod | undefined): URL | undefined {
  const text = /"api_url": ?"([^"]+)"/.exec(pod?.metadata?.annotations?.['status'] ?? '')?.[1];
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

/** As the pod's environment says, or as a container of ours makes it of that. */
function authOf({ environment }: FoundCluster): string | undefined {
  const get = (name: string): string | undefined => environment.get(name)?.secretValue;
  const user = get('PATRONI_RESTAPI_USERNAME') ?? get('RESTAPI_USERNAME');
  if (user !== undefined) return `${user}:${get('PATRONI_RESTAPI_PASSWORD') ?? get('RESTAPI_PASSWORD') ?? ''}`;
  const [scope, password] = [get('SCOPE'), get('PGPASSWORD_SUPERUSER')];
  if (scope === undefined || password === undefined) return undefined;
  // One that asks for none pays no heed to it.
  const made = restApiUser(scope, password);
  return `${made.username}:${made.password.reveal()}`;
}

/** Opens it. The pod's certificate is its own: what is trusted is the API server's connection to that pod. */
export async function openPodPatroni(api: KubernetesApi, pod: string, found: FoundCluster): Promise<PodPatroni> {
  const url = apiUrlOf(await api.get<Pod>({ apiVersion: 'v1', kind: 'Pod', name: pod }));
  const variable = found.environment.get('APIPORT')?.secretValue;
  const forwarded = await api.forwardPort(pod, Number(url?.port || variable || PORT));
  const rest = openMemberRest(`${url?.protocol ?? 'http:'}//127.0.0.1:${forwarded.port}`, {
    auth: authOf(found),
    isInsecure: true,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    keyPassword: undefined,
  });
  return {
    state: async () => (await rest.status())?.state,
    restart: () => rest.restart(),
    [Symbol.asyncDispose]: () => forwarded[Symbol.asyncDispose](),
  };
}
