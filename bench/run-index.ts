/**
 * The process in which making indexes is measured as the agent makes them: one thread of low priority that is warm, each
 * segment read from a file and handed to it. Answers with the CPU seconds of the second pass over all segments, those of
 * the compiler and of the garbage collector included.
 *
 * @module
 */

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { IndexMakers } from '../src/history/segment-indexes-makers.ts';
import { parseSegmentName, segmentStart, walSegmentSize } from '../src/postgres/wal-segment.ts';

const [, , folder = '', first = '', last = ''] = process.argv;
const size = walSegmentSize(16 * 1024 * 1024);
const names = readdirSync(folder).filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last);
const makers = new IndexMakers({ workerCount: 1, isInBackground: true });

async function indexAll(): Promise<void> {
  for (const fileName of names.toSorted()) {
    const place = parseSegmentName(fileName, size);
    if (place === undefined) throw new Error(`bench: ${fileName} is no name of a segment`);
    const path = join(folder, fileName);
    const segment = { fileName, startLsn: segmentStart(place, size), storedAs: path, bytes: await readFile(path) };
    const { stopKind } = await makers.make(segment);
    if (stopKind !== undefined) throw new Error(`bench: ${fileName}: ${stopKind}`);
  }
}

await indexAll();
const before = process.cpuUsage();
await indexAll();
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e6);
await makers.end();
