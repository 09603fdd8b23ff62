/** The Azure backend against azurite. */

import { afterAll, describe } from 'vitest';

import { itKeepsTheObjectStoreContract } from '../../src/storage/conformance.ts';
import { openStore } from '../../src/storage/open.ts';
import { startAzurite } from '../support/azurite.ts';

const MIB = 1024 * 1024;

const server = await startAzurite();

afterAll(async () => server?.[Symbol.asyncDispose]());

function real(): NonNullable<typeof server> {
  if (server === undefined) throw new Error('there is no Azure server');
  return server;
}

describe.skipIf(server === undefined)('Azure Blob Storage (azurite)', () => {
  itKeepsTheObjectStoreContract({
    name: 'Azure Blob Storage',
    open: async () => openStore(await real().newContainer({ blockSizeBytes: MIB, listPageBlobs: 100 })),
    openMissing: async () => openStore({ ...(await real().newContainer()), container: 'walkback-no-such-container' }),
    listedObjects: 1_050,
    largeBodyBytes: MIB,
  });
});
