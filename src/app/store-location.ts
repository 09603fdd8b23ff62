/**
 * From settings to the place of an archive and how it is reached. Each kind of store has a file beside this one.
 *
 * @module
 */

import { archiveAddress } from '../config/archive-address.ts';
import type { Settings } from '../config/load-settings.ts';
import type { StoreLocation } from '../storage/open.ts';
import { azureLocation } from './azure-location.ts';
import { gcsLocation } from './gcs-location.ts';
import { s3Location } from './s3-location.ts';
import { sshLocation } from './ssh-location.ts';

/** Where the settings say the archive is, and how it is reached. @throws {Failure} `usage`. */
export function storeLocation(settings: Settings): StoreLocation {
  const address = archiveAddress(settings);
  switch (address.kind) {
    case 'file':
      return address;
    case 's3':
      return s3Location(address, settings);
    case 'gcs':
      return gcsLocation(address, settings);
    case 'azure':
      return azureLocation(address, settings);
    case 'ssh':
      return sshLocation(address, settings);
  }
}
