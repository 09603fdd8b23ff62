/**
 * A Secret as Kubernetes takes it.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Secret } from '../kubernetes/api/kubernetes-objects.ts';
import type { SecretData } from './secret-content.ts';

/** What says who made it, so that a person can find it. */
export const LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/managed-by': 'walkback',
  'created-by': 'walkback',
};

const encoded = (data: SecretData): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));

/** The Secret. @param namespace `undefined`: that of whoever applies it. */
export function secretManifest(name: string, data: SecretData, namespace: string | undefined): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { ...LABELS }, ...(namespace === undefined ? {} : { namespace }) },
    type: 'Opaque',
    data: encoded(data),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** What a Secret holds. @param where for errors. @throws {Failure} `corrupt` if it is none. */
export function secretData(secret: unknown, where: string): SecretData {
  const data: unknown = typeof secret === 'object' && secret !== null ? Reflect.get(secret, 'data') : undefined;
  if (data === undefined || data === null) return {};
  const entries: [string, unknown][] = typeof data === 'object' ? Object.entries(data) : [];
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (isText(value)) return [name, Buffer.from(value, 'base64').toString()];
      throw new Failure('corrupt', {
        message: `cannot read ${where}: ${JSON.stringify(name)} holds no text`,
        remedy: 'Look at it, and name another if it is no Secret.',
      });
    }),
  );
}
