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

/** What a Secret holds, as it is there: each entry in base64, and not every entry is text. */
export type EncodedData = Readonly<Record<string, string>>;

/** The entries as a Secret has them. */
export function encodedData(data: SecretData): EncodedData {
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
}

/** The entries as text. What is none comes out as something else: it is to look at, and never to be written back. */
export function decodedData(data: EncodedData): SecretData {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
  );
}

/** The Secret. @param namespace `undefined`: that of whoever applies it. */
export function secretManifest(name: string, data: EncodedData, namespace: string | undefined): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { ...LABELS }, ...(namespace === undefined ? {} : { namespace }) },
    type: 'Opaque',
    data: { ...data },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** What a Secret holds. @param where for errors. @throws {Failure} `corrupt` if it is none. */
export function heldData(secret: unknown, where: string): EncodedData {
  const data: unknown = typeof secret === 'object' && secret !== null ? Reflect.get(secret, 'data') : undefined;
  if (data === undefined || data === null) return {};
  const entries: [string, unknown][] = typeof data === 'object' ? Object.entries(data) : [];
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (isText(value)) return [name, value];
      throw new Failure('corrupt', {
        message: `cannot read ${where}: ${JSON.stringify(name)} holds no text`,
        remedy: 'Look at it, and name another if it is no Secret.',
      });
    }),
  );
}
