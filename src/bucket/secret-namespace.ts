/**
 * Secrets in a namespace of Kubernetes.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import type { Access, KubernetesApi, WhereWeAre } from '../kubernetes/api/kubernetes-api.ts';
import type { Secret } from '../kubernetes/api/kubernetes-objects.ts';
import type { SecretData } from './secret-content.ts';
import { decodedData, encodedData, heldData, LABELS, secretManifest } from './secret-manifest.ts';
import type { SecretPlace } from './secret-place.ts';

const refTo = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', name }) as const;

/** Others may write the same Secret between a look and a change. */
const MOST_TRIES = 5;

/** The rights that are missing, of those that reading and writing one Secret takes. */
async function missingRights(api: KubernetesApi, name: string): Promise<readonly string[]> {
  const wanted: readonly Access[] = [
    { verb: 'get', group: '', resource: 'secrets', name },
    { verb: 'create', group: '', resource: 'secrets' },
    { verb: 'update', group: '', resource: 'secrets', name },
  ];
  const allowed = await Promise.all(wanted.map(async (one) => api.isAllowed(one)));
  return wanted.filter((_one, index) => allowed[index] !== true).map(({ verb }) => verb);
}

/** A kubeconfig calls its users as it likes; whom a pod or an impersonation is, is known. */
function subjectFlag({ user }: WhereWeAre): string {
  const account = /^system:serviceaccount:(.+:.+)$/.exec(user)?.[1];
  return account === undefined ? '--user=USER' : `--serviceaccount=${account}`;
}

/** A Secret that is there is patched: who creates it anew loses what else it holds. */
function secretLine(name: string, keys: readonly string[], isThere: boolean): string {
  if (!isThere) return `create secret generic ${name} ${keys.map((key) => `--from-literal=${key}=…`).join(' ')}`;
  const stringData = Object.fromEntries(keys.map((key) => [key, '…']));
  return `patch secret ${name} --type merge --patch '${JSON.stringify({ stringData })}'`;
}

/** The entries go over those that are there now: the others are not ours to write. */
async function merge(api: KubernetesApi, name: string, entries: SecretData): Promise<void> {
  const found = await api.get<Secret>(refTo(name));
  const data = encodedData(entries);
  if (found === undefined) {
    await api.create(secretManifest(name, data, api.where.namespace));
    return;
  }
  const labels = { ...LABELS, ...found.metadata?.labels };
  await api.replace<Secret>({
    ...found,
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...found.metadata, labels },
    data: { ...found.data, ...data },
  });
}

/** Secrets in the namespace of `api`, which is closed with this. */
export function secretNamespace(api: KubernetesApi): SecretPlace {
  const { namespace } = api.where;
  const describe = (name: string): string => `the Secret ${namespace}/${name}`;
  const checkWritable = async (name: string): Promise<void> => {
    const missing = await missingRights(api, name);
    if (missing.length === 0) return;
    throw new Failure('denied', {
      message: `cannot write ${describe(name)}: ${api.where.user} may not ${missing.join(', ')} secrets in the namespace ${namespace}`,
      remedy: `Give it a Role with the verbs get, create and update on secrets:\n    kubectl --namespace ${namespace} create role walkback-bucket --verb=get,create,update --resource=secrets\n    kubectl --namespace ${namespace} create rolebinding walkback-bucket --role=walkback-bucket ${subjectFlag(api.where)}`,
    });
  };
  return {
    describe,
    read: async (name) => {
      const found = await api.get<Secret>(refTo(name)).catch(async (error: unknown) => {
        // What is missing is told with what gives it, and not one right at a time.
        if (isFailure(error, 'denied')) await checkWritable(name);
        throw error;
      });
      return found === undefined ? undefined : decodedData(heldData(found, describe(name)));
    },
    checkWritable,
    write: async (name, entries) => {
      for (let tries = 1; ; tries += 1) {
        try {
          await merge(api, name, entries);
          return;
        } catch (error) {
          if (!isFailure(error, 'conflict') || tries === MOST_TRIES) throw error;
        }
      }
    },
    byHand: (name, keys, isThere) => [`kubectl --namespace ${namespace} ${secretLine(name, keys, isThere)}`],
    [Symbol.asyncDispose]: async () => api[Symbol.asyncDispose](),
  };
}
