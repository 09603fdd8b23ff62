/**
 * The stores that are given a large object. Each takes one to five minutes and 6 GiB where `TMPDIR` says; nothing runs them
 * but who asks for their seeds: `npm run prove -- stores --seed 16 --count 5`.
 *
 * fake-gcs-server has no way to keep an upload on disk: it holds it in memory, up to five times over, and sums all of it
 * anew with each chunk. So its object is a smaller one, in large chunks, and it is given time; 11 GiB of memory must be free.
 *
 * @module
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { StoreDeadlines } from '../../../src/storage/deadlines.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { openStore } from '../../../src/storage/open.ts';
import { startAzurite } from '../../../tests/support/azurite.ts';
import { startGcsServer } from '../../../tests/support/gcs-server.ts';
import { startMinio } from '../../../tests/support/minio.ts';
import { startSshd } from '../../../tests/support/sshd.ts';

const MIB = 1024 * 1024;
const PART_BYTES = 64 * MIB;
/** A piece and an odd rest beyond 5 GiB. */
const LARGE_BYTES = (5 * 1024 + 8) * MIB + 7;
/** The same beyond 2 GiB. */
const LARGE_BYTES_IN_MEMORY = (2 * 1024 + 8) * MIB + 7;

/** What a server has that sums gigabytes before it answers. */
const PATIENT: StoreDeadlines = { attemptIdleMs: 300_000, callMs: 900_000 };

/** A store, and how much one object of it holds here. */
export interface LargeStore {
  readonly store: string;
  readonly sizeBytes: number;
  /** Starts its server, which ends with `stack`; `undefined` where there is none. */
  readonly open: (stack: AsyncDisposableStack) => Promise<ObjectStore | undefined>;
}

async function inFolder(stack: AsyncDisposableStack): Promise<ObjectStore> {
  const path = await mkdtemp(join(tmpdir(), 'walkback-large-'));
  stack.defer(async () => rm(path, { recursive: true }));
  return openStore({ kind: 'file', path });
}

async function inMinio(stack: AsyncDisposableStack): Promise<ObjectStore | undefined> {
  const server = stack.use(await startMinio());
  return server && openStore(await server.newBucket({ maxPartSizeBytes: PART_BYTES }));
}

async function inGcs(stack: AsyncDisposableStack): Promise<ObjectStore | undefined> {
  const server = stack.use(await startGcsServer());
  return server && openStore(await server.newBucket({ chunkSizeBytes: 4 * PART_BYTES }), PATIENT);
}

async function inAzurite(stack: AsyncDisposableStack): Promise<ObjectStore | undefined> {
  const server = stack.use(await startAzurite({ isOnDisk: true }));
  return server && openStore(await server.newContainer());
}

async function overSsh(stack: AsyncDisposableStack): Promise<ObjectStore | undefined> {
  const server = stack.use(await startSshd());
  return server && openStore(await server.newFolder());
}

/** All of them. */
export const LARGE_STORES: readonly LargeStore[] = [
  { store: 'S3 (MinIO)', sizeBytes: LARGE_BYTES, open: inMinio },
  { store: 'a folder', sizeBytes: LARGE_BYTES, open: inFolder },
  { store: 'SFTP (OpenSSH)', sizeBytes: LARGE_BYTES, open: overSsh },
  { store: 'Azure (azurite)', sizeBytes: LARGE_BYTES, open: inAzurite },
  { store: 'Google Cloud Storage (fake-gcs-server)', sizeBytes: LARGE_BYTES_IN_MEMORY, open: inGcs },
];
