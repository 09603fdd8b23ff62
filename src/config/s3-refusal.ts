/**
 * WAL-G's settings of S3 that change what every request is, and that are not supported: refused, never ignored. Who has set one
 * cannot reach the store, or reaches another place, without it.
 *
 * Source: WAL-G `pkg/storages/s3/configure.go`, `session.go`.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Environment } from './environment.ts';
import { walgNames } from './setting.ts';

interface Unsupported {
  readonly names: readonly string[];
  readonly asksFor: string;
  readonly remedy: string;
}

/** Those settings, by the order in which WAL-G looks their names up. */
export const UNSUPPORTED_S3: readonly Unsupported[] = [
  {
    names: walgNames('S3_ENDPOINT_SOURCE'),
    asksFor: 'asks a server for the address of the store before each request',
    remedy: 'Unset it, and give one address for all: AWS_ENDPOINT.',
  },
  {
    names: walgNames('S3_REQUEST_ADDITIONAL_HEADERS'),
    asksFor: 'adds headers to each request',
    remedy: 'Unset it if the store answers without them; if it does not, let a proxy add them, or go on with wal-g.',
  },
  {
    names: walgNames('S3_USE_LIST_OBJECTS_V1'),
    asksFor: 'asks for listings of the first version',
    remedy: 'Unset it if the store knows ListObjectsV2, as nearly all do by now; if it does not, go on with wal-g.',
  },
];

/** As Go reads a boolean that is set and not on. */
const OFF = new Set(['', '0', 'f', 'F', 'false', 'False', 'FALSE']);

/** @throws {Failure} `refused` if one is set. Shows the name, never the value. */
export function refuseUnsupportedS3(environment: Environment): void {
  for (const { names, asksFor, remedy } of UNSUPPORTED_S3) {
    const name = names.find((one) => !OFF.has(environment[one] ?? ''));
    if (name === undefined) continue;
    throw new Failure('refused', {
      message: `cannot use this archive in S3: ${name} ${asksFor}, which is not supported`,
      remedy,
    });
  }
}
