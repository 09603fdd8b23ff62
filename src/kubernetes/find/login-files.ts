/**
 * Users and passwords that a container is given as files (`POSTGRES_PASSWORD_FILE`), read where those come from: the Secrets and
 * ConfigMaps that its pods mount.
 *
 * @module
 */

import type { V1PodSpec } from '@kubernetes/client-node';

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Json } from '../api/kubernetes-objects.ts';
import type { ContainerVariable } from './container-environment.ts';
import type { Container } from './database-container.ts';
import { mountedFile, readMountedFile } from './mounted-file.ts';
import { LOGIN_VARIABLES } from './superuser-login.ts';

/** Where files are looked for. */
export interface FilesOf {
  readonly container: Container;
  readonly volumes: NonNullable<Json<V1PodSpec>['volumes']>;
  readonly environment: ReadonlyMap<string, ContainerVariable>;
}

async function readFile(api: KubernetesApi, name: string, path: string, given: FilesOf): Promise<ContainerVariable> {
  const file = mountedFile(given.container, given.volumes, path);
  const hidden = { name, value: undefined, secretValue: undefined };
  if (file === undefined) {
    return { ...hidden, from: `file ${path}`, problem: 'no Secret or ConfigMap of the pods is mounted there' };
  }
  const from = `file ${path}: ${file.kind === 'Secret' ? 'secret' : 'config map'} ${file.name}, key ${file.key}`;
  try {
    const content = await readMountedFile(api, file);
    if (content === undefined) return { ...hidden, from, problem: 'it is not there' };
    // As the shells of these images read it.
    return { ...hidden, secretValue: content.replace(/\n+$/, ''), from, problem: undefined };
  } catch (error) {
    if (!isFailure(error, 'denied')) throw error;
    return { ...hidden, from, problem: 'this user may not read it' };
  }
}

/** By the name of the variable without `_FILE`. Nothing is read but what such a variable names. */
export async function readLoginFiles(
  api: KubernetesApi,
  given: FilesOf,
): Promise<ReadonlyMap<string, ContainerVariable>> {
  const named = LOGIN_VARIABLES.flatMap((name) => {
    const path = given.environment.get(`${name}_FILE`)?.secretValue ?? '';
    return path === '' ? [] : [{ name, path }];
  });
  return new Map(
    await Promise.all(named.map(async ({ name, path }) => [name, await readFile(api, name, path, given)] as const)),
  );
}
