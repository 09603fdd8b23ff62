/**
 * A bucket of Google Cloud Storage that the bed's pods reach, and the Secret by which they do, as a provisioner leaves it in a namespace.
 *
 * @module
 */

import { HOST_ADDRESS } from './bed.ts';
import { startGcsServer } from '../gcs-server.ts';
import type { TestNamespace } from './namespace.ts';

/** The bucket. Disposing ends its server. */
export interface BedArchive extends AsyncDisposable {
  readonly bucket: string;
  /** `10.123.0.1:PORT`, as STORAGE_EMULATOR_HOST has it. */
  readonly emulator: string;
  /** Names of the objects below a prefix, a thousand at most. */
  objects(prefix: string): Promise<readonly string[]>;
  /** The same of another bucket of that server. */
  objectsIn(bucket: string, prefix: string): Promise<readonly string[]>;
  /** Puts the Secret into a namespace. */
  writeSecret(namespace: TestNamespace, name: string): Promise<void>;
}

interface Listing {
  readonly items?: readonly { readonly name: string }[];
}

async function listObjects(endpoint: string, bucket: string, prefix: string): Promise<readonly string[]> {
  const query = new URLSearchParams({ prefix, maxResults: '1000' });
  const answer = await fetch(`${endpoint}/storage/v1/b/${bucket}/o?${query.toString()}`);
  if (!answer.ok) throw new Error(`the bucket cannot be listed: ${answer.status}`);
  const listing: Listing = Object(await answer.json());
  return (listing.items ?? []).map(({ name }) => name);
}

/** Starts the servers. `undefined`, and said so, where they cannot be had. */
export async function startBedArchive(): Promise<BedArchive | undefined> {
  const server = await startGcsServer({ address: HOST_ADDRESS });
  if (server === undefined) return undefined;
  const { endpoint } = server;
  const { bucket } = await server.newBucket();
  return {
    bucket,
    emulator: new URL(endpoint).host,
    objects: (prefix) => listObjects(endpoint, bucket, prefix),
    objectsIn: (other, prefix) => listObjects(endpoint, other, prefix),
    writeSecret: async (namespace, name) => {
      // As a provisioner leaves it. An emulator is asked without credentials.
      const key = JSON.stringify({ type: 'service_account', client_email: 'backup@shop.iam.gserviceaccount.com' });
      const stringData = { bucket_name: bucket, 'credentials.json': key, 'viewer_credentials.json': key };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
      await namespace.kubectl(['apply', '--server-side', '--filename', '-'], JSON.stringify(secret));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
