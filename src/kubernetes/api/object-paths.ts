/**
 * From an object's place to the path of its request, and to what is asked in words of access control.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { ApiRequest, ApiSession } from './api-session.ts';
import type { ListedKind, ObjectRef } from './kubernetes-api.ts';
import { groupPath, knownResource, resourceIn, type Resource } from './resource-of-kind.ts';
import { Refusal, type Asked } from './server-answer.ts';

const ALL_NAMESPACES = '*';

/** `apps` of `apps/v1`; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** `?a=1&b=2`, without what is undefined or empty. */
export function queryOf(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** Finds paths; remembers what the server said of kinds that are not in the table. */
export class ObjectPaths {
  readonly #session: ApiSession;
  readonly #asked = new Map<string, Promise<Resource>>();

  constructor(session: ApiSession) {
    this.#session = session;
  }

  /** The request for all objects of a kind, or for making one. */
  async collection(kind: ListedKind, verb: string): Promise<Pick<ApiRequest, 'asked' | 'path'>> {
    const resource = await this.#resourceOf(kind.apiVersion, kind.kind);
    const namespace = this.#namespaceOf(kind, resource);
    const inNamespace = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    return {
      asked: askedOf(kind.apiVersion, resource, verb, namespace),
      path: `${groupPath(kind.apiVersion)}${inNamespace}/${resource.plural}`,
    };
  }

  /** The request for one object, or for a part of it (`scale`). */
  async object(ref: ObjectRef, verb: string, subresource?: string): Promise<Pick<ApiRequest, 'asked' | 'path'>> {
    if (ref.name === '') throw new TypeError(`a ${ref.kind} without a name`);
    const { asked, path } = await this.collection(ref, verb);
    const part = subresource === undefined ? '' : `/${subresource}`;
    return {
      asked: { ...asked, resource: `${asked.resource}${part}`, name: ref.name },
      path: `${path}/${encodeURIComponent(ref.name)}${part}`,
    };
  }

  #namespaceOf({ namespace }: ListedKind, { isNamespaced }: Resource): string | undefined {
    if (!isNamespaced || namespace === ALL_NAMESPACES) return undefined;
    return namespace ?? this.#session.connection.where.namespace;
  }

  async #resourceOf(apiVersion: string, kind: string): Promise<Resource> {
    const known = knownResource(apiVersion, kind);
    if (known !== undefined) return known;
    const id = `${apiVersion}/${kind}`;
    const asked = this.#asked.get(id) ?? this.#ask(apiVersion, kind);
    this.#asked.set(id, asked);
    asked.catch(() => this.#asked.delete(id));
    return asked;
  }

  async #ask(apiVersion: string, kind: string): Promise<Resource> {
    const asked = { verb: 'get', resource: 'resources', group: groupOf(apiVersion), name: kind };
    const request: ApiRequest = { asked, method: 'GET', path: groupPath(apiVersion) };
    const list = await this.#session.read(request).catch((error: unknown) => {
      // Of a group that it does not have, the server has no page, and no word of the API either.
      if (isFailure(error) && error.cause instanceof Refusal && error.cause.status === 404) return undefined;
      throw error;
    });
    const resource = resourceIn(list, kind);
    if (resource !== undefined) return resource;
    throw new Failure('refused', {
      message: `cannot use ${kind} of ${apiVersion}: this cluster does not know it`,
      remedy: `See what it knows: kubectl api-resources --api-group=${groupOf(apiVersion)}`,
    });
  }
}

function askedOf(apiVersion: string, { plural }: Resource, verb: string, namespace: string | undefined): Asked {
  return { verb, resource: plural, group: groupOf(apiVersion), ...(namespace === undefined ? {} : { namespace }) };
}
