/**
 * A shared access signature for one container that takes all it may do from a stored access policy.
 *
 * Source: Azure Storage, "Create a service SAS" (version 2020-12-06 and later).
 *
 * @module
 */

import { createHmac } from 'node:crypto';

/** What is signed. */
export interface ContainerSignature {
  readonly account: string;
  /** The account's key. */
  readonly key: Buffer;
  readonly container: string;
  /** The stored access policy, by its id. */
  readonly policy: string;
  /** False lets it be used over plain http, as emulators need. */
  readonly isTlsOnly: boolean;
}

const VERSION = '2021-12-02';
const A_CONTAINER = 'c';
/** Snapshot, encryption scope and five headers of answers: none of them is signed here. */
const UNUSED = Array.from({ length: 7 }, () => '');

/** The token: the part of an address after `?`. */
export function signContainer({ account, key, container, policy, isTlsOnly }: ContainerSignature): string {
  const protocol = isTlsOnly ? 'https' : 'https,http';
  const resource = `/blob/${account}/${container}`;
  const fields = ['', '', '', resource, policy, '', protocol, VERSION, A_CONTAINER, ...UNUSED];
  const signature = createHmac('sha256', key).update(fields.join('\n'), 'utf8').digest('base64');
  return new URLSearchParams({ sv: VERSION, sr: A_CONTAINER, si: policy, spr: protocol, sig: signature }).toString();
}
