/**
 * Objects read, listed, made, changed and removed.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { Failure, isFailure } from '../../base/failure.ts';
import type { ApiRequest, ApiSession } from './api-session.ts';
import type { DeleteOptions, KubernetesApi, ListedKind, ObjectRef, PatchBody } from './kubernetes-api.ts';
import type { KubernetesObject } from './kubernetes-objects.ts';
import { holds, isWrittenBy, saySame, withoutPreconditions } from './lost-answer.ts';
import { queryOf, type ObjectPaths } from './object-paths.ts';

type Objects = Pick<KubernetesApi, 'get' | 'list' | 'create' | 'replace' | 'patch' | 'delete'>;
type PatchOptions = Parameters<KubernetesApi['patch']>[2];

const PAGE_OBJECTS = 500;
/** Under which name the server remembers our changes. */
const WRITER = 'walkback';

const PATCH_TYPES: Readonly<Record<PatchBody['type'], string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** The place of an object that is sent. @throws {TypeError} if it does not say what it is. */
function refOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectRef {
  if (apiVersion === undefined || kind === undefined || metadata?.name === undefined) {
    throw new TypeError('an object without apiVersion, kind or name');
  }
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** Calls for objects, over one session. */
export class ObjectCalls implements Objects {
  readonly #session: ApiSession;
  readonly #paths: ObjectPaths;

  constructor(session: ApiSession, paths: ObjectPaths) {
    this.#session = session;
    this.#paths = paths;
  }

  async get<T extends KubernetesObject>(ref: ObjectRef): Promise<T | undefined> {
    return (await this.#look(ref)) as T | undefined;
  }

  async #look(ref: ObjectRef, signal?: AbortSignal): Promise<unknown> {
    return this.#session.readOrNothing({ ...(await this.#paths.object(ref, 'get')), method: 'GET' }, signal);
  }

  async list<T extends KubernetesObject>(
    kind: ListedKind,
    selector: { readonly labels?: string; readonly fields?: string } = {},
  ): Promise<T[]> {
    const { asked, path } = await this.#paths.collection(kind, 'list');
    for (let round = 1; ; round += 1) {
      try {
        return await this.#pages<T>({ asked, path, method: 'GET' }, kind, selector);
      } catch (error) {
        // A list that changed for long between two pages begins again.
        if (!isFailure(error, 'refused') || fieldOf(error.cause, 'reason') !== 'Expired' || round === 3) throw error;
      }
    }
  }

  async #pages<T>(
    request: ApiRequest,
    { apiVersion, kind }: ListedKind,
    { labels, fields }: { readonly labels?: string; readonly fields?: string },
  ): Promise<T[]> {
    const found: T[] = [];
    let next: unknown;
    do {
      const query = queryOf({
        labelSelector: labels,
        fieldSelector: fields,
        limit: PAGE_OBJECTS,
        continue: typeof next === 'string' ? next : undefined,
      });
      const page = await this.#session.read({ ...request, path: request.path + query });
      const items: unknown = fieldOf(page, 'items');
      // The server leaves out of a list's items what is the same for all of them.
      for (const item of Array.isArray(items) ? items : []) found.push({ apiVersion, kind, ...item } as T);
      next = fieldOf(page, 'metadata', 'continue');
    } while (typeof next === 'string' && next !== '');
    return found;
  }

  async create<T extends KubernetesObject>(object: T, options: { readonly isDryRun?: boolean } = {}): Promise<T> {
    const ref = refOf(object);
    // A writer of this one call: by it our object is known from one that somebody else made under the same name.
    const writer = `${WRITER}-${randomBytes(6).toString('hex')}`;
    const { asked, path } = await this.#paths.collection(ref, 'create');
    const query = queryOf({ fieldManager: writer, ...dryRun(options.isDryRun) });
    const request: ApiRequest = {
      asked: { ...asked, name: ref.name },
      method: 'POST',
      path: path + query,
      body: object,
    };
    const made = await this.#session.change(request, async (signal) => {
      const found = (await this.#look(ref, signal)) as KubernetesObject | undefined;
      return found !== undefined && isWrittenBy(found, writer) ? found : undefined;
    });
    return made as T;
  }

  async replace<T extends KubernetesObject>(object: T): Promise<T> {
    const ref = refOf(object);
    const { asked, path } = await this.#paths.object(ref, 'update');
    const request: ApiRequest = {
      asked,
      method: 'PUT',
      path: path + queryOf({ fieldManager: WRITER }),
      body: object,
    };
    const made = await this.#session.change(request, async (signal) => {
      const found = await this.#look(ref, signal);
      const hasMoved = fieldOf(found, 'metadata', 'resourceVersion') !== object.metadata?.resourceVersion;
      return hasMoved && holds(found, withoutPreconditions(object)) ? found : undefined;
    });
    return made as T;
  }

  async patch<T extends KubernetesObject>(ref: ObjectRef, patch: PatchBody, options: PatchOptions = {}): Promise<T> {
    const { asked, path } = await this.#paths.object(ref, 'patch', options.subresource);
    const query = queryOf({ fieldManager: WRITER, ...dryRun(options.isDryRun) });
    const request: ApiRequest = {
      asked,
      method: 'PATCH',
      path: path + query,
      body: patch.body,
      contentType: PATCH_TYPES[patch.type],
    };
    const made = await this.#session.change(request, async (signal) => this.#isInEffect(ref, patch, options, signal));
    return made as T;
  }

  /** A patch is in effect if it would change nothing: the server is asked to try it. `json` has its own `test`, and is sent again. */
  async #isInEffect(
    ref: ObjectRef,
    patch: PatchBody,
    { subresource, isDryRun }: NonNullable<PatchOptions>,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (patch.type === 'json' || isDryRun === true) return undefined;
    const read = await this.#paths.object(ref, 'get', subresource);
    const found = await this.#session.readOrNothing({ ...read, method: 'GET' }, signal);
    const { asked, path } = await this.#paths.object(ref, 'patch', subresource);
    const tried = await this.#session.read(
      {
        asked,
        method: 'PATCH',
        path: path + queryOf({ fieldManager: WRITER, ...dryRun(true) }),
        body: withoutPreconditions(patch.body),
        contentType: PATCH_TYPES[patch.type],
      },
      signal,
    );
    return saySame(tried, found) ? found : undefined;
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<void> {
    const { asked, path } = await this.#paths.object(ref, 'delete');
    const { uid, resourceVersion, propagation, gracePeriodSeconds } = options;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
      ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    };
    try {
      await this.#session.change({ asked, method: 'DELETE', path, body }, async (signal) =>
        this.#isGoing(ref, uid, signal),
      );
    } catch (error) {
      if (isFailure(error) && fieldOf(error.cause, 'reason') === 'NotFound') return;
      throw isFailure(error, 'conflict') ? notThatOne(ref, error) : error;
    }
  }

  /** After a removal whose answer was lost: gone, going, or another one by now. */
  async #isGoing(ref: ObjectRef, uid: string | undefined, signal: AbortSignal): Promise<unknown> {
    const found = await this.#look(ref, signal);
    const isAnother = uid !== undefined && fieldOf(found, 'metadata', 'uid') !== uid;
    const isGoing = fieldOf(found, 'metadata', 'deletionTimestamp') !== undefined;
    return found === undefined || isAnother || isGoing ? {} : undefined;
  }
}

function dryRun(isDryRun: boolean | undefined): { readonly dryRun?: string } {
  return isDryRun === true ? { dryRun: 'All' } : {};
}

function notThatOne({ kind, name }: ObjectRef, error: Failure): Failure {
  return new Failure('conflict', {
    message: error.message,
    remedy: `The ${kind} ${name} is not the one that was meant: somebody removed that and made another. Look at it, then plan again.`,
    facts: error.facts,
    cause: error.cause,
  });
}
