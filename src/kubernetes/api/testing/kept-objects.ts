/**
 * What a scripted API server answers that keeps the objects which it is given, and nothing else: no controller works on them, and
 * nothing can be watched.
 *
 * @module
 */

import type { ServerResponse } from 'node:http';

import type { KubernetesObject } from '../kubernetes-objects.ts';
import { refuse, type Answer } from './api-server.ts';

/** The objects of a server, by their paths. */
export interface KeptObjects {
  readonly answer: Answer;
  /** By the path of its kind and its name: `/api/v1/namespaces/shop/pods/shop-0`. */
  readonly objects: Map<string, KubernetesObject>;
  /** By the name of the pod. */
  readonly logs: Map<string, string>;
}

/** What is told of changes; each may change further objects, as a controller does. */
export interface KeptChanges {
  readonly onMade?: (path: string, object: KubernetesObject, kept: KeptObjects) => void;
  readonly onRemoved?: (path: string, kept: KeptObjects) => void;
}

/** RFC 7386. */
function merged(into: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
  const result = new Map(Object.entries(Object(into)));
  for (const [name, value] of Object.entries(change)) {
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is KubernetesObject {
  return typeof value === 'object' && value !== null && 'metadata' in value;
}

/** All of a kind; of a selector, the labels count. */
function listed({ objects }: KeptObjects, path: string, selector: string): { items: KubernetesObject[] } {
  const wanted = selector === '' ? [] : selector.split(',').map((one) => one.split('='));
  const items = [...objects].flatMap(([at, object]) => {
    const labels = object.metadata?.labels ?? {};
    const isIts = wanted.every(([name = '', value]) => labels[name] === value);
    return at.slice(0, at.lastIndexOf('/')) === path && isIts ? [object] : [];
  });
  return { items };
}

function logOf({ logs }: KeptObjects, path: string, isStamped: boolean, response: ServerResponse): void {
  const text = logs.get(path.split('/').at(-2) ?? '') ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.end(lines.map((line, at) => `${isStamped ? `2026-11-30T03:00:0${at}Z ` : ''}${line}\n`).join(''));
}

/** Such a server's answers. @param given what is there already, by its path. */
export function keepObjects(
  given: Readonly<Record<string, KubernetesObject>>,
  { onMade, onRemoved }: KeptChanges = {},
): KeptObjects {
  let made = 0;
  const kept: KeptObjects = {
    answer: (received, response) => answer(received, response),
    objects: new Map(Object.entries(given)),
    logs: new Map(),
  };
  const { objects } = kept;
  const answer: Answer = ({ method, path: asked, body }, response) => {
    const { pathname: path, searchParams: query } = new URL(asked, 'http://api');
    if (query.get('watch') === 'true') return refuse(response, 403, 'Forbidden', 'watch is forbidden');
    if (path.endsWith('/log')) return logOf(kept, path, query.get('timestamps') === 'true', response);
    if (method === 'POST' && isObject(body)) {
      made += 1;
      const object = { ...body, metadata: { ...body.metadata, uid: `made-${made}` } };
      if (query.get('dryRun') !== null) return object;
      objects.set(`${path}/${body.metadata?.name}`, object);
      onMade?.(path, object, kept);
      return object;
    }
    const found = objects.get(path);
    if (method === 'PATCH' && found !== undefined) {
      const changed = merged(found, body);
      if (isObject(changed)) objects.set(path, changed);
      return changed;
    }
    if (method === 'DELETE' && objects.delete(path)) onRemoved?.(path, kept);
    if (found !== undefined) return found;
    // A kind's own name is a plural, and is the last of its path.
    const isOfKind = /\/[a-z]+s$/.test(path) && /\/(?:namespaces\/[^/]+|v1)\/[a-z]+$/.test(path);
    return isOfKind
      ? listed(kept, path, query.get('labelSelector') ?? '')
      : refuse(response, 404, 'NotFound', `${path} not found`);
  };
  return kept;
}
