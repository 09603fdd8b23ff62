/**
 * Decodes the first and the last segment of a way that was found by indexes: what an index says is no proof that the segment
 * can be read today, and these two are where a recovery begins and where it has to stop.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { formatLsn, lsn, type Lsn } from '../postgres/lsn.ts';
import { scanWal, type ScanRequest } from './scan.ts';

/**
 * Decodes them.
 *
 * @throws {Failure} `corrupt` if one cannot be read, or the record to stop at is not where it should be.
 */
export async function decodeEnds(request: Omit<ScanRequest, 'toLsn' | 'alsoFirstAt'>, stopLsn: Lsn): Promise<void> {
  const sizeBytes = BigInt(request.wal.segmentSizeBytes);
  const { fromLsn } = request;
  const lastLsn = lsn((stopLsn / sizeBytes) * sizeBytes);
  const isOne = lastLsn <= fromLsn;
  if (!isOne) await decodeTo(request, fromLsn, lsn((fromLsn / sizeBytes + 1n) * sizeBytes));
  const found = await decodeTo(request, isOne ? fromLsn : lastLsn, stopLsn);
  if (found === stopLsn) return;
  throw unreadable(stopLsn, 'no record begins there in the segment itself');
}

/** The first record at or behind `toLsn`, if the segments from `fromLsn` to there can be read. */
async function decodeTo(request: Omit<ScanRequest, 'toLsn'>, fromLsn: Lsn, toLsn: Lsn): Promise<Lsn | undefined> {
  const scan = scanWal({ ...request, fromLsn, toLsn });
  let reached: Lsn | undefined;
  for await (const event of scan) if (event.lsn >= toLsn) reached ??= event.lsn;
  const { end } = scan;
  if (end?.kind === 'damage') throw unreadable(end.stop.lsn, `${end.stop.fileName}: ${end.stop.reason}`);
  return reached;
}

function unreadable(position: Lsn, reason: string): Failure {
  return new Failure('corrupt', {
    message: `cannot use the WAL at ${formatLsn(position)}, although its index tells of it: ${reason}`,
    remedy:
      'Push the segment again from pg_wal of the server, if it is there, then make the indexes anew:\n    walkback history index --rebuild',
  });
}
