/**
 * A client of the PostgreSQL of a pod, by a forwarded port, which is closed with it.
 *
 * @module
 */

import pg from 'pg';

import type { KubernetesApi } from '../../../src/kubernetes/api/kubernetes-api.ts';

/** As the user postgres. */
export async function connectToPod(
  api: KubernetesApi,
  pod: string,
  { password, database = 'postgres' }: { readonly password: string; readonly database?: string | undefined },
): Promise<pg.Client> {
  const { port, [Symbol.asyncDispose]: close } = await api.forwardPort(pod, 5432);
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database });
  client.on('error', () => {});
  client.once('end', () => void close());
  await client.connect();
  return client;
}
