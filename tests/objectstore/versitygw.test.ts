/** The S3 backend against a second server that speaks S3. */

import { afterAll, describe } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import { startVersitygw } from '../support/versitygw.ts';

const MIB = 1024 * 1024;

const server = await startVersitygw();

afterAll(async () => server?.[Symbol.asyncDispose]());

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no versitygw');
  return server;
}

describe.skipIf(server === undefined)('S3 (versitygw)', () => {
  itKeepsTheObjectStoreContract({
    name: 'S3',
    open: async () => openStore(await real().newBucket({ maxPartSizeBytes: 5 * MIB })),
    openMissing: async () => openStore({ ...(await real().newBucket()), bucket: 'walkback-no-such-bucket' }),
    listedObjects: 1_100,
    largeBodyBytes: 5 * MIB,
  });
});
