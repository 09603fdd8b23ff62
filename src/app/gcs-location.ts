/**
 * From settings to an archive in Google Cloud Storage.
 *
 * @module
 */

import type { ArchiveAddress } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreLocation } from '../storage/open.ts';
import { defined, httpSettings } from './store-location-parts.ts';

type GcsLocation = Extract<StoreLocation, { kind: 'gcs' }>;

/** The store takes chunks of a multiple of this. */
const CHUNK_UNIT_BYTES = 256 * 1024;

function credentialsFrom(settings: Settings): GcsLocation['credentials'] {
  const path = settings.get('gcsCredentialsFile');
  if (path !== undefined) return { kind: 'file', path };
  if (settings.get('gcsEmulatorHost') !== undefined) return { kind: 'anonymous' };
  return { kind: 'default', ...defined({ metadataHost: settings.get('gcsMetadataHost') }) };
}

/** The emulator's address as Google's programs take it: without a scheme it is http. */
function emulatorEndpoint(settings: Settings): string | undefined {
  const host = settings.get('gcsEmulatorHost');
  return host === undefined || host.includes('://') ? host : `http://${host}`;
}

/** How the settings say that Google Cloud Storage is reached. @throws {Failure} `usage`. */
export function gcsLocation(address: Extract<ArchiveAddress, { kind: 'gcs' }>, settings: Settings): GcsLocation {
  const chunkSizeBytes = settings.get('gcsMaxChunkSize');
  return {
    ...address,
    ...httpSettings(settings),
    credentials: credentialsFrom(settings),
    chunkSizeBytes: chunkSizeBytes - (chunkSizeBytes % CHUNK_UNIT_BYTES),
    ...defined({
      endpoint: settings.get('gcsEndpoint') ?? emulatorEndpoint(settings),
      encryptionKey: settings.get('gcsEncryptionKey'),
      caFile: settings.get('gcsCaFile'),
    }),
  };
}
