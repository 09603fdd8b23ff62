/**
 * How many records of each kind some segments hold, and how long they are: as we read them, and as `pg_waldump` does.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readSegmentHeader } from '../../../src/postgres/wal-records/page-header.ts';
import { RecordLayout } from '../../../src/postgres/wal-records/record-layout.ts';
import { resourceManagerName } from '../../../src/postgres/wal-records/record-names.ts';
import { recordInfo, recordResourceManager, RM_XACT } from '../../../src/postgres/wal-records/wal-record.ts';
import { WalReader } from '../../../src/postgres/wal-records/wal-reader.ts';
import { lsn } from '../../../src/postgres/lsn.ts';
import { versionByMajor } from '../../../src/postgres/versions.ts';
import { runProgram } from '../../../tests/support/postgres.ts';
import type { MixedWal } from '../../../tests/support/mixed-wal.ts';

/** Records of one kind: `pg_waldump` gives the kinds of a resource manager in order of their number, by names of its own. */
export interface KindStatistics {
  readonly resourceManager: string;
  records: number;
  /** Without images. */
  recordBytes: number;
  imageBytes: number;
}

const KINDS = 16;
/** The highest bit of a transaction's record is a flag, not part of its kind. */
const TRANSACTION_KIND_MASK = 0x07;

/** As we read them; every record's parts are found as well. @throws if reading stops before the end. */
export async function ourStatistics({ folder, segments }: MixedWal, major: number): Promise<KindStatistics[]> {
  const kinds = new Map<number, KindStatistics>();
  const layout = new RecordLayout();
  const version = versionByMajor(major);
  const reader = new WalReader({ line: { timeline: 1, ancestors: [] } });
  const record = (bytes: Buffer, start: number, end: number) => {
    if (!layout.parse(bytes, start, end, version)) reader.reject('a record whose parts do not add up');
    const id = recordResourceManager(bytes, start);
    const info = recordInfo(bytes, start) >> 4;
    const key = id * KINDS + (id === RM_XACT ? info & TRANSACTION_KIND_MASK : info);
    const kind = kinds.get(key) ?? {
      resourceManager: resourceManagerName(id),
      records: 0,
      recordBytes: 0,
      imageBytes: 0,
    };
    kinds.set(key, kind);
    let imageBytes = 0;
    for (let index = 0; index < layout.blockCount; index += 1) imageBytes += layout.imageBytes[index] ?? 0;
    kind.records += 1;
    kind.recordBytes += end - start - imageBytes;
    kind.imageBytes += imageBytes;
  };
  for (const fileName of segments) {
    const bytes = await readFile(join(folder, fileName));
    const header = readSegmentHeader(bytes);
    if ('problem' in header) throw new Error(`${fileName} is no segment: ${header.problem}`);
    reader.visit({ fileName, startLsn: lsn(header.startLsn), bytes }, { record });
    if (reader.stop !== undefined) throw new Error(`${fileName}: ${reader.stop.reason} at ${reader.stop.offsetBytes}`);
  }
  return [...kinds].toSorted(([a], [b]) => a - b).map(([, kind]) => kind);
}

const ROW = /^(\w+)\/.*? +(\d+) \( *[\d.]+\) +(\d+) \( *[\d.]+\) +(\d+) \( *[\d.]+\)/;

/** As `pg_waldump --stats=record` prints them. */
export async function theirStatistics({ folder, segments }: MixedWal, waldump: string): Promise<KindStatistics[]> {
  const [first = '', last = ''] = [segments[0], segments.at(-1)];
  const text = await runProgram(waldump, ['--stats=record', '-p', folder, first, last]);
  return text.split('\n').flatMap((line) => {
    const [, resourceManager, records, recordBytes, imageBytes] = ROW.exec(line) ?? [];
    if (resourceManager === undefined) return [];
    return [
      { resourceManager, records: Number(records), recordBytes: Number(recordBytes), imageBytes: Number(imageBytes) },
    ];
  });
}

const textOf = ({ resourceManager, records, recordBytes, imageBytes }: KindStatistics) =>
  `${resourceManager} ${records} ${recordBytes}+${imageBytes}`;

/** What differs, kind by kind. */
export function statisticsDifferences(ours: readonly KindStatistics[], theirs: readonly KindStatistics[]): string[] {
  return Array.from({ length: Math.max(ours.length, theirs.length) }, (_, index) => {
    const [our, their] = [ours[index], theirs[index]].map((kind) => (kind === undefined ? 'nothing' : textOf(kind)));
    return our === their ? undefined : `we read ${our}, pg_waldump ${their}`;
  }).filter((difference) => difference !== undefined);
}
