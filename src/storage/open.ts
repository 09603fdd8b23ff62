/**
 * From a location to its object store. A backend is loaded when it is used: the AWS SDK costs a start of the program
 * more than the work it then does.
 *
 * @module
 */

import type { AzureLocation } from './azure/azure-location.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from './deadlines.ts';
import type { ObjectStore } from './object-store.ts';
import type { GcsLocation } from './gcs/gcs-location.ts';
import type { S3Location } from './s3/s3-location.ts';
import type { SshLocation } from './ssh/ssh-location.ts';

/** Where an archive is. */
export type StoreLocation =
  | { readonly kind: 'file'; readonly path: string }
  | S3Location
  | GcsLocation
  | AzureLocation
  | SshLocation;

/** Opens the store at `location`. It is not asked anything yet: a wrong location is seen by the first call. */
export async function openStore(
  location: StoreLocation,
  deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES,
): Promise<ObjectStore> {
  switch (location.kind) {
    case 'file': {
      const { openFileStore } = await import('./file/file-store.ts');
      return openFileStore(location.path, deadlines);
    }
    case 's3': {
      const { openS3Store } = await import('./s3/s3-store.ts');
      return openS3Store(location, deadlines);
    }
    case 'gcs': {
      const { openGcsStore } = await import('./gcs/gcs-store.ts');
      return openGcsStore(location, deadlines);
    }
    case 'azure': {
      const { openAzureStore } = await import('./azure/azure-store.ts');
      return openAzureStore(location, deadlines);
    }
    case 'ssh': {
      const { openSshStore } = await import('./ssh/ssh-store.ts');
      return openSshStore(location, deadlines);
    }
  }
}
