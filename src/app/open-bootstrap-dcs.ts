/**
 * From Patroni's configuration file to what a bootstrap asks of its DCS.
 *
 * @module
 */

import { fieldOf } from '../base/unknown-value.ts';
import type { BootstrapDcs } from '../bootstrap/resume.ts';
import { openDcs } from '../cluster/patroni/dcs.ts';
import { textOr } from '../cluster/patroni/dcs-keys.ts';

/** The DCS of a member, and what its file says of it. */
export interface BootstrapMemberDcs {
  readonly dcs: BootstrapDcs;
  /** Its name. */
  readonly member: string;
  /** Its data directory; `undefined` if the file names none. */
  readonly dataDirectory: string | undefined;
}

/** Reads the file. @throws {Failure} `usage` if Patroni cannot use it. */
export async function openBootstrapDcs(
  patroniConfig: string,
  python: readonly string[] | undefined,
): Promise<BootstrapMemberDcs> {
  const dcs = openDcs({ patroniConfig, ...(python === undefined ? {} : { python }) });
  const configuration = await dcs.configuration();
  return {
    dcs,
    member: textOr(configuration['name']) ?? '',
    dataDirectory: textOr(fieldOf(configuration['postgresql'], 'data_dir')),
  };
}
