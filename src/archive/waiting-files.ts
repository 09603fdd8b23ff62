/**
 * WAL files that a server has ready and that are not archived yet.
 *
 * @module
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { walFileKind } from '../walg/object-names.ts';
import { readReadyFiles } from './ready-files.ts';

/** Files that wait to be archived. */
export interface WaitingFiles {
  readonly count: number;
  /** Those of them that are whole segments, not history files. */
  readonly segmentCount: number;
  /** When the oldest of them was ready, microseconds since the Unix epoch; `undefined` if none waits. */
  readonly oldestUs: bigint | undefined;
}

async function modifiedUs(path: string): Promise<bigint | undefined> {
  return stat(path, { bigint: true }).then(
    ({ mtimeNs }) => mtimeNs / 1000n,
    () => undefined,
  );
}

/** Looks. None if the data directory is not there. */
export async function readWaitingFiles(dataDirectory: string): Promise<WaitingFiles> {
  const names = await readReadyFiles(dataDirectory);
  const folder = join(dataDirectory, 'pg_wal', 'archive_status');
  const times = await Promise.all(names.map((name) => modifiedUs(join(folder, `${name}.ready`))));
  const oldestUs = times.reduce<bigint | undefined>(
    (least, time) => (time !== undefined && (least === undefined || time < least) ? time : least),
    undefined,
  );
  const segmentCount = names.filter((name) => walFileKind(name) === 'segment').length;
  return { count: names.length, segmentCount, oldestUs };
}
