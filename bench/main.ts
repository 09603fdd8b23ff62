/**
 * `npm run bench`: full and delta backup and restore, and WAL out and in, beside other programs, in one run on one machine, interleaved.
 *
 * `--size-mib N` (1200), `--segments N` (64), `--day-gib N` (50), `--rounds N` (3), `--part backup,wal,scan,index,encryption` (these), `--only
 * REGEX` for some of the programs, `--write` to renew the tables in docs/benchmarks.md. `--part memory` alone is of `--memory-mib N` (10000), which
 * needs four times as much of the disk.
 *
 * @module
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { benchBackup } from './backup.ts';
import { benchEncryption } from './encryption.ts';
import { benchIndex } from './index.ts';
import { canMeasure } from './measure.ts';
import { benchMemory } from './memory.ts';
import { benchScan } from './scan.ts';
import { benchWal } from './wal.ts';

const { values } = parseArgs({
  options: {
    'size-mib': { type: 'string', default: '1200' },
    segments: { type: 'string', default: '64' },
    'day-gib': { type: 'string', default: '50' },
    'memory-mib': { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    part: { type: 'string', default: 'backup,wal,scan,index,encryption' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

if (!canMeasure()) {
  console.error('bench: /usr/bin/time is missing (apt-get install time)');
  process.exit(77);
}

const DOCUMENT = join(import.meta.dirname, '..', 'docs', 'benchmarks.md');

const only = new RegExp(values.only);

/** Shows the tables of a part, and puts them in place of those in the document. */
async function tell(part: string, text: string): Promise<void> {
  console.log(text);
  if (!values.write) return;
  const [begin, end] = [`<!-- bench:${part} begin -->`, `<!-- bench:${part} end -->`];
  const document = await readFile(DOCUMENT, 'utf8');
  const before = document.slice(0, document.indexOf(begin) + begin.length);
  await writeFile(DOCUMENT, `${before}\n\n${text}\n${document.slice(document.indexOf(end))}`);
}

const parts = values.part.split(',');
if (parts.includes('backup')) {
  await tell('backup', await benchBackup({ sizeMib: Number(values['size-mib']), rounds: Number(values.rounds), only }));
}
if (parts.includes('wal')) {
  await tell('wal', await benchWal({ segments: Number(values.segments), rounds: Number(values.rounds), only }));
}
if (parts.includes('scan')) {
  await tell('scan', await benchScan({ segments: Number(values.segments), rounds: Number(values.rounds) }));
}
if (parts.includes('index')) {
  const dayGib = Number(values['day-gib']);
  await tell('index', await benchIndex({ segments: Number(values.segments), rounds: Number(values.rounds), dayGib }));
}
if (parts.includes('memory')) {
  const sizeMib = Number(values['memory-mib']);
  await tell('memory', await benchMemory({ sizeMib, rounds: Number(values.rounds), only }));
}
if (parts.includes('encryption')) {
  await tell('encryption', await benchEncryption({ rounds: Number(values.rounds) }));
}
