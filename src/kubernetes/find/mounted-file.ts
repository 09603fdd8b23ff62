/**
 * A file that a container sees, as the key of a Secret or a ConfigMap that is mounted there.
 *
 * @module
 */

import type { V1PodSpec } from '@kubernetes/client-node';

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { ConfigMap, Json, Secret } from '../api/kubernetes-objects.ts';
import { secretText } from './container-environment.ts';
import type { Container } from './database-container.ts';

/** Where a file comes from. */
export interface MountedFile {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly key: string;
}

type Volume = NonNullable<Json<V1PodSpec>['volumes']>[number];
interface Items {
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}

/** The key behind a path in the volume: keys are files, unless `items` says otherwise. */
function keyAt({ items }: Items, path: string): string | undefined {
  if (items !== undefined) return items.find((item) => item.path === path)?.key;
  return path.includes('/') ? undefined : path;
}

function sourcesOf(volume: Volume): readonly (Omit<MountedFile, 'key'> & Items)[] {
  const { secret, configMap, projected } = volume;
  const all = [
    { secret: secret === undefined ? undefined : { ...secret, name: secret.secretName }, configMap },
    ...(projected?.sources ?? []).map((source) => ({ secret: source.secret, configMap: source.configMap })),
  ];
  return all.flatMap((source) => [
    ...(source.secret?.name === undefined
      ? []
      : [{ ...source.secret, kind: 'Secret' as const, name: source.secret.name }]),
    ...(source.configMap?.name === undefined
      ? []
      : [{ ...source.configMap, kind: 'ConfigMap' as const, name: source.configMap.name }]),
  ]);
}

/** `undefined`: the file is not mounted from either; it is in the image, or on a volume. */
export function mountedFile(container: Container, volumes: readonly Volume[], path: string): MountedFile | undefined {
  const mount = (container.volumeMounts ?? [])
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath.replace(/\/$/, '')}/`))
    .toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
  const volume = volumes.find(({ name }) => name === mount?.name);
  if (mount === undefined || volume === undefined) return undefined;
  const below = path === mount.mountPath ? '' : path.slice(mount.mountPath.replace(/\/$/, '').length + 1);
  const inVolume = [mount.subPath ?? '', below].filter((part) => part !== '').join('/');
  for (const { kind, name, ...source } of sourcesOf(volume)) {
    const key = keyAt(source, inVolume);
    if (key !== undefined) return { kind, name, key };
  }
  return undefined;
}

/** Its content, as text; `undefined`: the object, or its key, is not there. @throws {Failure} `denied` if this user may not read it. */
export async function readMountedFile(
  api: KubernetesApi,
  { kind, name, key }: MountedFile,
): Promise<string | undefined> {
  const ref = { apiVersion: 'v1', kind, name };
  if (kind === 'ConfigMap') return (await api.get<ConfigMap>(ref))?.data?.[key];
  const secret = await api.get<Secret>(ref);
  return secret === undefined ? undefined : secretText(secret, key);
}
